import { NextResponse } from 'next/server'
import { edition } from '../../../lib/news'

export const dynamic = 'force-static'

export async function GET() {
  return NextResponse.json({ n: await edition() })
}
