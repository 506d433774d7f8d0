import { NextResponse, type NextRequest } from 'next/server'
import { count } from '../../../lib/count'
import { posts } from '../../../lib/posts'
import { seen } from '../../../lib/seen'

export async function GET(request: NextRequest) {
  const q = request.nextUrl.searchParams.get('q')
  const list = [...posts.values()].filter((p) => q === null || p.title.includes(q))
  return NextResponse.json({ n: count('posts'), q, posts: list, seen: seen(request) })
}

export async function POST(request: NextRequest) {
  let title: unknown
  try {
    title = (await request.json()).title
  } catch {
    return NextResponse.json({ error: 'the body is not JSON' }, { status: 400 })
  }
  if (typeof title !== 'string') {
    return NextResponse.json({ error: 'a post needs a title' }, { status: 400 })
  }
  const id = String(posts.size + 1)
  posts.set(id, { id, title })
  return NextResponse.json({ id, title }, { status: 201, headers: { Location: `/api/posts/${id}` } })
}
