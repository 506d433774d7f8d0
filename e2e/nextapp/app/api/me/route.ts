import { cookies } from 'next/headers'
import { NextResponse } from 'next/server'
import { count } from '../../../lib/count'
import { seen } from '../../../lib/seen'

export async function GET(request: Request) {
  const session = (await cookies()).get('session')?.value ?? null
  return NextResponse.json({ n: count('me'), session, seen: seen(request) })
}
