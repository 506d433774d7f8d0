import { revalidatePath, revalidateTag } from 'next/cache'
import { NextResponse } from 'next/server'

type Wish = { tag?: string; profile?: string | { expire?: number }; path?: string; type?: 'page' | 'layout' }

// What a CMS calls when something has changed.
export async function POST(request: Request) {
  const { tag, profile, path, type }: Wish = await request.json()
  if (tag) revalidateTag(tag, profile ?? { expire: 0 })
  if (path) revalidatePath(path, type)
  return NextResponse.json({ ok: true })
}
