import { unstable_cache } from 'next/cache'

const store = globalThis as typeof globalThis & { edition?: number }

// read asks the CMS that all replicas have in common; alone, the process counts
// how often it was asked.
async function read() {
  const cms = process.env.CMS_URL
  if (!cms) return (store.edition = (store.edition ?? 0) + 1)
  return Number(await (await fetch(cms)).text())
}

// edition is read once and kept under the tag news, until it is revalidated.
export const edition = unstable_cache(read, ['edition'], { tags: ['news'] })
