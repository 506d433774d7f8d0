import type { ReactNode } from 'react'
import Link from 'next/link'

export const metadata = { title: 'nextapp', icons: [{ url: '/dot.png' }] }

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <nav>
          <Link href="/">Home</Link> <Link href="/news">News</Link> <Link href="/news/first">First</Link>{' '}
          <Link href="/drafts">Drafts</Link> <Link href="/guestbook">Guestbook</Link> <Link href="/gallery">Gallery</Link>
        </nav>
        {children}
      </body>
    </html>
  )
}
