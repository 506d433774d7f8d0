import { redirect } from 'next/navigation'

export async function GET(request: Request) {
  redirect(`/api/posts?q=${new URL(request.url).pathname.length}`)
}
