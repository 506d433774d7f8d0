'use strict'

/**
 * What this process has revalidated, to know what was made of data from before.
 *
 * Next.js dates what it stores by the moment it is stored. What was begun before
 * a revalidation and is stored after it would count as new until the next one:
 *
 *  1. a render reads an entry of the data cache
 *  2. its tag is revalidated
 *  3. the render is stored, dated later than the revalidation
 *
 * Tags are compared in parts: Next.js takes a comma in a tag for two tags.
 */
class Revalidations {
  // Of more tags than most the oldest are forgotten. What was begun before one
  // that is forgotten counts as old, whatever its tags.
  constructor(most = 10_000) {
    this.most = most
    this.count = 0
    this.forgotten = 0
    this.done = new Map() // from tag to { count, durations } of its last revalidation, the oldest first
    this.open = new Map() // from tag to how many are under way
    this.stored = 0 // when something was stored last
  }

  /** Is told whenever something has been stored. */
  store() {
    this.stored = Date.now()
  }

  /** Runs revalidate, which has these tags forgotten, and resolves when it has. */
  async during(tags, durations, revalidate) {
    const parts = partsOf(tags)
    for (const tag of parts) this.open.set(tag, (this.open.get(tag) ?? 0) + 1)
    try {
      // What is stored and revalidated within a millisecond counts as new.
      while (Date.now() === this.stored) await new Promise((resolve) => setTimeout(resolve, 1))
      await revalidate()
    } finally {
      this.count++
      for (const tag of parts) this.close(tag, durations)
    }
  }

  close(tag, durations) {
    const left = this.open.get(tag) - 1
    if (left > 0) this.open.set(tag, left)
    else this.open.delete(tag)
    this.done.delete(tag)
    this.done.set(tag, { count: this.count, durations })
    if (this.done.size <= this.most) return
    const [[oldest, { count }]] = this.done
    this.done.delete(oldest)
    this.forgotten = count
  }

  /**
   * The revalidations that what has these tags, and was begun when count was
   * this, must not outlive: a list of { tags, durations }, empty when it is new.
   */
  since(count, tags) {
    const parts = partsOf(tags)
    if (count < this.forgotten) return [{ tags: parts }]
    const found = []
    for (const tag of parts) {
      const last = this.done.get(tag)
      if (this.open.has(tag)) found.push({ tags: [tag] })
      else if (last?.count > count) found.push({ tags: [tag], durations: last.durations })
    }
    return found
  }
}

function partsOf(tags) {
  return [...new Set(tags.flatMap((tag) => String(tag).split(',')))].filter(Boolean)
}

module.exports = { Revalidations }
