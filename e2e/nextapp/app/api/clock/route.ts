import { NextResponse } from 'next/server'
import { count } from '../../../lib/count'

export const revalidate = 2

export async function GET() {
  return NextResponse.json({ n: count('clock') })
}
