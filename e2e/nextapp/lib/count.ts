const counts = new Map<string, number>()

// count says how often a handler has run, so that an answer shows whether the
// handler made it now or a cache kept it.
export function count(handler: string) {
  const n = (counts.get(handler) ?? 0) + 1
  counts.set(handler, n)
  return n
}
