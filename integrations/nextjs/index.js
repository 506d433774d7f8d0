'use strict'

const { Purger } = require('./lib/purger.js')
const { Replicas } = require('./lib/replicas.js')
const { Revalidations } = require('./lib/revalidations.js')
const { Site } = require('./lib/site.js')
const { selectorsOf, withImplied } = require('./lib/selectors.js')
const { withTags, addTags, tagsOf } = require('./lib/tags.js')
const { settings } = require('./lib/settings.js')

// Next.js makes a handler for every request, and more than one copy of this
// module: what they share lives on the process.
const shared = (globalThis[Symbol.for('edge-cache')] ??= { purgers: new Map(), replicas: new Map(), revalidations: new Revalidations() })

// A handler lives as long as a request. One that lives longer remembers so many
// of the keys it was asked for, and takes what else is set for as old as itself.
const mostAsked = 1_000

function purgerOf(options) {
  const id = JSON.stringify([options.urls, options.token, options.wait, options.patience])
  if (!shared.purgers.has(id)) shared.purgers.set(id, new Purger(options))
  return shared.purgers.get(id)
}

// replicasOf is undefined where there is nobody to tell: a build has no replicas.
function replicasOf(options) {
  if (options.redis === '' || process.env.NEXT_PHASE === 'phase-production-build') return undefined
  const id = JSON.stringify([options.redis, options.key, options.patience])
  if (!shared.replicas.has(id)) shared.replicas.set(id, new Replicas(options))
  return shared.replicas.get(id)
}

/**
 * Wraps a class of cache handlers. Every answer from it carries its tags for
 * edge, and every revalidation goes on to edge, after the handler has made its
 * own note of it and the other replicas can know: otherwise edge could be filled
 * again with what is old.
 */
function wrap(Handler, given = {}) {
  const options = settings(given)
  return class EdgeCacheHandler {
    constructor(context) {
      this.inner = new Handler(context)
      this.site = Site.of(context?.serverDistDir)
      this.asked = new Map() // from key to what it was asked with, and when: what is set then was made since
      this.made = shared.revalidations.count
    }

    async get(key, context, ...rest) {
      await replicasOf(options)?.learn((...told) => this.hear(...told))
      const asked = this.ask(key, context)
      const entry = await this.inner.get(key, context, ...rest)
      asked.making = !entry
      return entry && withTags(entry, options.header)
    }

    // ask notes when it was asked for a key. What is being made since an earlier
    // time keeps that.
    ask(key, context) {
      const before = this.asked.get(key)
      const asked = before?.making ? before : { count: shared.revalidations.count, context, making: true }
      this.asked.set(key, asked)
      if (this.asked.size > mostAsked) this.asked.delete(this.asked.keys().next().value)
      return asked
    }

    // What was made of data from before a hard revalidation is not stored after
    // it, and before a soft one it is stored as stale: were it not stored at all,
    // renders that take longer than from one to the next would never be. It may
    // have been answered, too, to who came after the purge: Next.js gives one
    // render to all who wait for it. So edge is told once more, behind it.
    async set(key, data, context, ...rest) {
      const { revalidations } = shared
      const { count, context: asked } = this.asked.get(key) ?? { count: this.made }
      this.asked.delete(key)
      await replicasOf(options)?.learn((...told) => this.hear(...told))
      const tags = tagsOf(data, asked, context)
      const stored = !revalidations.since(count, tags).some(({ hard }) => hard)
      if (stored) {
        // What is stored stays as Next.js made it. The response is made of data.
        await this.inner.set(key, data && { ...data, headers: data.headers && { ...data.headers } }, context, ...rest)
        revalidations.stored()
      }
      if (data) addTags(data, options.header)
      const old = revalidations.since(count, tags)
      if (old.length > 0) setTimeout(() => warned(this.again(old, stored)))
    }

    async revalidateTag(given, durations) {
      const tags = withImplied([given].flat(), this.site)
      await this.forget(tags, durations)
      const purge = () => this.purge(tags, durations)
      await replicasOf(options)?.note(tags, durations, purge)
      await purge()
    }

    // hear is told what another replica has revalidated; late, if edge may have
    // been filled meanwhile with what this one still had.
    async hear(tags, durations, late) {
      await this.forget(tags, durations)
      if (late) warned(this.purge(tags, durations))
    }

    async forget(tags, durations) {
      await shared.revalidations.during(tags, durations, () => this.inner.revalidateTag(tags, durations))
    }

    // again says once more what something came too late for. That is no further
    // revalidation: what is under way would come too late for it in turn.
    async again(old, stored) {
      await shared.revalidations.past()
      for (const { tags, durations } of old) {
        if (stored) await this.inner.revalidateTag(tags, durations)
        await this.purge(tags, durations)
      }
    }

    async purge(tags, durations) {
      if (options.urls.length > 0) await purgerOf(options).purge(selectorsOf(tags, durations, this.site))
    }

    resetRequestCache() {
      this.inner.resetRequestCache?.()
    }
  }
}

// warned is for what nobody waits for.
function warned(promise) {
  promise.catch((error) => console.warn(`edge-cache: ${error.message}`))
}

module.exports = { wrap }
