import Link from 'next/link'

// A page of the Pages Router, whose data its router reads from /_next/data.
export default function Archive({ edition }: { edition: number }) {
  return (
    <>
      <h1>Archive, edition {edition}</h1>
      <Link href="/">Home</Link>
    </>
  )
}

export async function getStaticProps() {
  return { props: { edition: Date.now() }, revalidate: 3600 }
}
