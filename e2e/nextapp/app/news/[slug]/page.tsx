import { edition } from '../../../lib/news'

export const dynamic = 'force-static'

// Every article is generated when it is first asked for.
export default async function Article({ params }: { params: Promise<{ slug: string }> }) {
  return (
    <h1>
      Article {(await params).slug}, edition {await edition()}
    </h1>
  )
}
