import { unstable_cache } from 'next/cache'

const store = globalThis as typeof globalThis & { edition?: number }

// edition is read once and kept under the tag news, until it is revalidated.
export const edition = unstable_cache(
  async () => (store.edition = (store.edition ?? 0) + 1),
  ['edition'],
  { tags: ['news'] },
)
