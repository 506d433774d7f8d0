'use strict'

const { randomUUID } = require('node:crypto')
const { Connection } = require('./resp.js')

const firstPause = 100
const longestPause = 5_000

// How many revalidations the server keeps, and how many are read at once.
const kept = 65_536
const page = 1_000

/**
 * What the replicas of one application tell each other: a stream of
 * revalidations on a Redis server. Next.js notes them in the process where they
 * were made; the others would go on answering with what is old, and edge would
 * be filled with it.
 *
 * A replica that has connected reads the stream from its beginning: it may be
 * new, with a build that is older than a revalidation, or the server another. To
 * hear of one twice costs a generation, to miss one would be wrong.
 *
 * Without the server replicas go on with what they know, and edge may be filled
 * with what is old:
 *
 *  1. A is asked to revalidate, and cannot tell B
 *  2. A purges edge
 *  3. edge asks B, which answers with what it has
 *  4. the server is back, A tells B
 *
 * So what was told late, or heard late, is purged once more.
 */
class Replicas {
  constructor({ redis, key, patience, log = console }) {
    Object.assign(this, { redis, key, patience, log })
    this.name = randomUUID()
    this.unsent = new Map() // from what is to be told to those who wait for it
    this.failures = 0
    this.heard = '0-0' // the last that any connection has read
    this.tried = new Promise((resolve) => { this.triedOnce = resolve })
    this.run()
  }

  /**
   * Tells the others. Resolves when the server has it, or after the patience is
   * over: it is then told later, and late is called. Never rejects.
   */
  async note(tags, durations, late) {
    const text = JSON.stringify({ from: this.name, tags, durations })
    const done = new Promise((resolve) => {
      this.unsent.set(text, [...(this.unsent.get(text) ?? []), resolve])
    })
    this.flush()
    const { connection } = this
    if (await within(this.patience, done)) return
    connection?.fail(silent())
    done.then(late)
  }

  /**
   * Calls apply(tags, durations, late) for everything that others had told before
   * this was called, unless an earlier call has. It goes on without a server that
   * is away or takes longer than the patience: apply is then called, with late,
   * when it is back. Never rejects.
   */
  async learn(apply) {
    this.apply = apply
    if (!this.connection && !(await within(this.patience, this.tried))) return
    const { connection } = this
    if (!connection) return
    if (!(await within(this.patience, this.catchUp()))) connection.fail(silent())
  }

  catchUp() {
    // A read that is under way may have passed what was told since. The one after
    // it counts, for all who come meanwhile.
    this.next ??= Promise.resolve(this.reading).then(() => {
      this.next = undefined
      this.reading = this.read()
      return this.reading
    })
    return this.next
  }

  async read() {
    const { connection } = this
    try {
      for (let count = page; connection && this.apply && count === page; ) {
        const entries = await connection.send('XRANGE', this.key, `(${connection.last}`, '+', 'COUNT', String(page))
        for (const [id, [, text]] of entries) {
          connection.last = id
          const { from, tags, durations } = told(text)
          const late = connection.again && isAfter(id, this.heard)
          if (tags && from !== this.name) await this.apply(tags, durations, late)
          if (isAfter(id, this.heard)) this.heard = id
        }
        count = entries.length
      }
      if (connection) connection.again = false
    } catch (error) {
      connection.fail(error)
    }
  }

  async flush() {
    const { connection } = this
    if (!connection || this.flushing) return
    this.flushing = true
    for (const [text, waiting] of this.unsent) {
      // The same may be said again while this is on its way: it counts anew.
      this.unsent.delete(text)
      try {
        await connection.send('XADD', this.key, 'MAXLEN', '~', String(kept), '*', 'e', text)
        for (const resolve of waiting) resolve()
      } catch (error) {
        this.unsent.set(text, [...waiting, ...(this.unsent.get(text) ?? [])])
        connection.fail(error)
        break
      }
    }
    this.flushing = false
  }

  // run keeps a connection, as long as the process lives.
  async run() {
    for (;;) {
      const connection = new Connection(this.redis)
      connection.last = '0-0'
      const answers = await within(this.patience, connection.send('PING').catch((error) => connection.fail(error)))
      if (!answers) connection.fail(silent())
      if (!connection.failure) this.connected(connection)
      this.triedOnce()
      await connection.closed
      this.disconnected(connection.failure)
      await this.pause()
    }
  }

  connected(connection) {
    if (this.failures > 0) this.log.info('edge-cache: the server of EDGE_REDIS is back')
    connection.again = this.failures > 0
    this.failures = 0
    this.connection = connection
    this.flush()
    if (connection.again) this.catchUp()
  }

  disconnected(error) {
    this.connection = undefined
    if (this.failures++ === 0) {
      this.log.warn(`edge-cache: EDGE_REDIS: ${error.message}; until it is back, replicas do not hear what others revalidate`)
    }
  }

  pause() {
    const longest = Math.min(longestPause, firstPause * 2 ** Math.min(this.failures, 16))
    const time = longest * (0.5 + Math.random() / 2)
    return new Promise((resolve) => setTimeout(resolve, time).unref())
  }
}

// isAfter compares ids of a stream, milliseconds and a number.
function isAfter(id, other) {
  const [a, b] = [id, other].map((text) => text.split('-').map(Number))
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1])
}

function silent() {
  return new Error('it does not answer')
}

// told reads what a replica has said; what is nothing of theirs says nothing.
function told(text) {
  try {
    const { from, tags, durations } = JSON.parse(text)
    return Array.isArray(tags) ? { from, tags: tags.map(String), durations } : {}
  } catch {
    return {}
  }
}

// within waits for done, at most so many milliseconds, and says whether it is.
async function within(patience, done) {
  let timer
  const over = new Promise((resolve) => { timer = setTimeout(resolve, patience, false) })
  const came = await Promise.race([done.then(() => true), over])
  clearTimeout(timer)
  return came
}

module.exports = { Replicas }
