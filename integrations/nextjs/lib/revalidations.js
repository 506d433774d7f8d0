'use strict'

const { isSoft } = require('./selectors.js')

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
    this.last = new Map() // from tag to its last revalidations, { hard, soft }; the oldest tag first
    this.at = 0 // when something was stored last
  }

  /** Is told whenever something has been stored. */
  stored() {
    this.at = Date.now()
  }

  /** Resolves when a revalidation is dated after all that is stored: within a millisecond it would not be. */
  async past() {
    while (Date.now() === this.at) await new Promise((resolve) => setTimeout(resolve, 1))
  }

  /** Runs revalidate, which has these tags forgotten, and resolves when it has. */
  async during(tags, durations, revalidate) {
    const one = { durations, count: Infinity } // until it is over
    const kind = isSoft(durations) ? { soft: one } : { hard: one }
    for (const tag of partsOf(tags)) this.remember(tag, kind)
    try {
      await this.past()
      await revalidate()
    } finally {
      one.count = ++this.count
    }
  }

  remember(tag, kind) {
    const both = { ...this.last.get(tag), ...kind }
    this.last.delete(tag)
    this.last.set(tag, both)
    if (this.last.size <= this.most) return
    const [[oldest, { hard, soft }]] = this.last
    this.last.delete(oldest)
    for (const one of [hard, soft]) if (one) this.forgotten = Math.max(this.forgotten, Math.min(one.count, this.count))
  }

  /**
   * The revalidations that what has these tags, and was begun when count was
   * this, comes too late for: a list of { tags, durations, hard }, empty when it
   * is new.
   */
  since(count, tags) {
    const parts = partsOf(tags)
    if (parts.length > 0 && count < this.forgotten) return [{ tags: parts, hard: true }]
    const found = []
    for (const tag of parts) {
      const { hard, soft } = this.last.get(tag) ?? {}
      if (hard?.count > count) found.push({ tags: [tag], durations: hard.durations, hard: true })
      else if (soft?.count > count) found.push({ tags: [tag], durations: soft.durations, hard: false })
    }
    return found
  }
}

function partsOf(tags) {
  return [...new Set(tags.flatMap((tag) => String(tag).split(',')))].filter(Boolean)
}

module.exports = { Revalidations }
