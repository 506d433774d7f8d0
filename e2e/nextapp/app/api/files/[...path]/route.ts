import { NextResponse } from 'next/server'
import { count } from '../../../../lib/count'
import { seen } from '../../../../lib/seen'

export async function GET(request: Request, { params }: { params: Promise<{ path: string[] }> }) {
  return NextResponse.json({ n: count('files'), path: (await params).path, seen: seen(request) })
}
