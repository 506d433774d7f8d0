import { unstable_cache } from 'next/cache'

// read asks the CMS that all replicas have in common. Without one every edition is
// a new one.
async function read() {
  const cms = process.env.CMS_URL
  return cms ? Number(await (await fetch(cms)).text()) : Date.now()
}

// edition is read once and kept under the tag news, until it is revalidated.
export const edition = unstable_cache(read, ['edition'], { tags: ['news'] })
