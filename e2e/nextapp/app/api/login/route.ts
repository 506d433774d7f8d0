import { NextResponse } from 'next/server'
import { count } from '../../../lib/count'

export async function GET(request: Request) {
  const response = NextResponse.json({ n: count('login'), path: new URL(request.url).pathname })
  response.cookies.set('session', `of-visit-${count('session')}`)
  return response
}
