import { draftMode } from 'next/headers'
import { NextResponse } from 'next/server'

// An editor's way into draft mode.
export async function POST() {
  ;(await draftMode()).enable()
  return NextResponse.json({ ok: true })
}
