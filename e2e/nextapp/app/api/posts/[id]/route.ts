import { NextResponse } from 'next/server'
import { count } from '../../../../lib/count'
import { posts } from '../../../../lib/posts'
import { seen } from '../../../../lib/seen'

type Context = { params: Promise<{ id: string }> }

const missing = () => NextResponse.json({ error: 'no such post' }, { status: 404 })

export async function GET(request: Request, { params }: Context) {
  const post = posts.get((await params).id)
  if (!post) return missing()
  return NextResponse.json({ n: count('post'), ...post, seen: seen(request) })
}

async function change(request: Request, { params }: Context) {
  const { id } = await params
  const post = posts.get(id)
  if (!post) return missing()
  const changed = { ...post, ...(await request.json()), id }
  posts.set(id, changed)
  return NextResponse.json(changed)
}

export const PUT = change
export const PATCH = change

export async function DELETE(_request: Request, { params }: Context) {
  if (!posts.delete((await params).id)) return missing()
  return new Response(null, { status: 204 })
}
