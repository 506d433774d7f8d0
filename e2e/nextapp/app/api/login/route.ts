import { NextResponse } from 'next/server'
import { count } from '../../../lib/count'
import { seen } from '../../../lib/seen'

export async function GET(request: Request) {
  const response = NextResponse.json({ n: count('login'), seen: seen(request) })
  response.cookies.set('session', `of-visit-${count('session')}`)
  return response
}
