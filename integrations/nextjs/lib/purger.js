'use strict'

const firstPause = 200
const longestPause = 30_000

// So many selectors are sent apart; more become "all": nothing is lost. It
// keeps a request below what edge reads.
const most = 2_000

/** Sends purges to edges. None is lost while the process lives. */
class Purger {
  constructor({ urls, token, wait, patience, fetch = globalThis.fetch, log = console }) {
    this.patience = patience
    this.edges = urls.map((url) => new Edge({ url, token, wait, fetch, log }))
  }

  /**
   * Tells all edges. Resolves when they have done it, or after the patience is
   * over: they are then told later. Never rejects.
   */
  async purge(selectors) {
    const done = Promise.all(this.edges.map((edge) => edge.purge(selectors)))
    let timer
    const over = new Promise((resolve) => { timer = setTimeout(resolve, this.patience) })
    await Promise.race([done, over])
    clearTimeout(timer)
  }
}

/** One edge, with what it has not been told. */
class Edge {
  constructor({ url, token, wait, fetch, log }) {
    Object.assign(this, { url, token, wait, fetch, log })
    this.waiting = new Batch()
    this.busy = false
    this.failures = 0
  }

  /** Resolves when edge has done it. */
  purge(selectors) {
    this.waiting.add(selectors)
    const done = new Promise((resolve) => this.waiting.done.push(resolve))
    if (!this.busy) this.run()
    return done
  }

  // run sends batch after batch: what comes while one is on its way goes
  // together with the next.
  async run() {
    this.busy = true
    while (!this.waiting.empty()) {
      const batch = this.waiting
      this.waiting = new Batch()
      const problem = await this.send(batch)
      if (problem === undefined) {
        if (this.failures > 0) this.log.info(`edge-cache: ${this.url} is back`)
        this.failures = 0
        for (const resolve of batch.done) resolve()
        continue
      }
      if (this.failures++ === 0) {
        this.log.warn(`edge-cache: ${this.url}: ${problem.message}; the purge is tried again until it is done`)
      }
      // What edge cannot read it must not go on serving.
      if (problem.refused) batch.everything()
      batch.take(this.waiting)
      this.waiting = batch
      await this.pause()
    }
    this.busy = false
  }

  // send returns what went wrong, or undefined.
  async send(batch) {
    const headers = { 'content-type': 'application/json' }
    if (this.token) headers.authorization = `Bearer ${this.token}`
    for (const request of batch.requests(this.wait)) {
      try {
        const res = await this.fetch(this.url, {
          method: 'POST', headers, body: JSON.stringify(request), signal: AbortSignal.timeout(10_000),
        })
        const text = await res.text()
        if (!res.ok) {
          return { message: `status ${res.status}: ${text.trim().slice(0, 300)}`, refused: res.status === 400 || res.status === 413 }
        }
      } catch (error) {
        return { message: error.cause?.message ?? error.message }
      }
    }
    return undefined
  }

  pause() {
    const longest = Math.min(longestPause, firstPause * 2 ** Math.min(this.failures, 16))
    const time = longest * (0.5 + Math.random() / 2)
    return new Promise((resolve) => setTimeout(resolve, time).unref())
  }
}

/** Purges that are sent together: hard ones, and soft ones. */
class Batch {
  constructor() {
    this.hard = new Selection()
    this.soft = new Selection()
    this.done = []
  }

  empty() {
    return this.hard.empty() && this.soft.empty()
  }

  add(selectors) {
    (selectors.soft ? this.soft : this.hard).add(selectors)
  }

  take(other) {
    this.hard.add(other.hard)
    this.soft.add(other.soft)
    this.done.push(...other.done)
  }

  everything() {
    for (const selection of [this.hard, this.soft]) {
      if (!selection.empty()) selection.add({ all: true, tags: [], paths: [], prefixes: [] })
    }
  }

  *requests(wait) {
    if (!this.hard.empty()) yield { ...this.hard.body(), wait }
    if (!this.soft.empty()) yield { ...this.soft.body(), soft: true, wait }
  }
}

class Selection {
  constructor() {
    this.all = false
    this.tags = new Set()
    this.paths = new Set()
    this.prefixes = new Set()
  }

  empty() {
    return !this.all && this.size() === 0
  }

  size() {
    return this.tags.size + this.paths.size + this.prefixes.size
  }

  add({ all = false, tags, paths, prefixes }) {
    for (const tag of tags) this.tags.add(tag)
    for (const path of paths) this.paths.add(path)
    for (const prefix of prefixes) this.prefixes.add(prefix)
    if (all || this.all || this.size() > most) {
      this.all = true
      for (const set of [this.tags, this.paths, this.prefixes]) set.clear()
    }
  }

  body() {
    if (this.all) return { all: true }
    const body = {}
    for (const name of ['tags', 'paths', 'prefixes']) if (this[name].size > 0) body[name] = [...this[name]]
    return body
  }
}

module.exports = { Purger }
