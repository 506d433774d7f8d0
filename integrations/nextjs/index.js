'use strict'

const { Purger } = require('./lib/purger.js')
const { Replicas } = require('./lib/replicas.js')
const { Site } = require('./lib/site.js')
const { selectorsOf, withImplied } = require('./lib/selectors.js')
const { withTags, addTags } = require('./lib/tags.js')
const { settings } = require('./lib/settings.js')

// Next.js makes a handler for every request, and more than one copy of this
// module: what they share lives on the process.
const shared = (globalThis[Symbol.for('edge-cache')] ??= { purgers: new Map(), replicas: new Map() })

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
    }

    async get(...args) {
      await replicasOf(options)?.learn((...told) => this.hear(...told))
      const entry = await this.inner.get(...args)
      return entry && withTags(entry, options.header)
    }

    async set(key, data, ...rest) {
      // What is stored stays as Next.js made it. The response is made of data.
      await this.inner.set(key, data && { ...data, headers: data.headers && { ...data.headers } }, ...rest)
      if (data) addTags(data, options.header)
    }

    async revalidateTag(given, durations) {
      const tags = withImplied([given].flat(), this.site)
      await this.inner.revalidateTag(tags, durations)
      const purge = () => this.purge(tags, durations)
      await replicasOf(options)?.note(tags, durations, purge)
      await purge()
    }

    // hear is told what another replica has revalidated; late, if edge may have
    // been filled meanwhile with what this one still had.
    async hear(tags, durations, late) {
      await this.inner.revalidateTag(tags, durations)
      if (late) this.purge(tags, durations)
    }

    async purge(tags, durations) {
      if (options.urls.length > 0) await purgerOf(options).purge(selectorsOf(tags, durations, this.site))
    }

    resetRequestCache() {
      this.inner.resetRequestCache?.()
    }
  }
}

module.exports = { wrap }
