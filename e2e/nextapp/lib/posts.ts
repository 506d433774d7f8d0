export type Post = { id: string; title: string }

// Route modules are bundled one by one: what they share lives on the process.
const store = globalThis as typeof globalThis & { posts?: Map<string, Post> }

export const posts = (store.posts ??= new Map<string, Post>([
  ['1', { id: '1', title: 'first' }],
  ['2', { id: '2', title: 'second' }],
]))
