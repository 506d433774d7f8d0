import { createHmac, timingSafeEqual } from 'node:crypto'
import { NextResponse } from 'next/server'

const secret = 'a secret of the test'

// The signature is over the bytes as sent: one byte changed on the way, or one
// header lost, and the webhook is refused.
export async function POST(request: Request) {
  const body = Buffer.from(await request.arrayBuffer())
  const want = createHmac('sha256', secret).update(body).digest()
  const got = Buffer.from(request.headers.get('x-signature') ?? '', 'hex')
  if (got.length !== want.length || !timingSafeEqual(got, want)) {
    return NextResponse.json({ error: 'bad signature' }, { status: 401 })
  }
  return NextResponse.json({ bytes: body.length })
}
