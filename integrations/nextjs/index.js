'use strict'

const { Purger } = require('./lib/purger.js')
const { Site } = require('./lib/site.js')
const { selectorsOf } = require('./lib/selectors.js')
const { withTags, addTags } = require('./lib/tags.js')
const { settings } = require('./lib/settings.js')

// Next.js makes a handler for every request, and more than one copy of this
// module: what they share lives on the process.
const shared = (globalThis[Symbol.for('edge-cache')] ??= { purgers: new Map() })

function purgerOf(options) {
  const id = JSON.stringify([options.urls, options.token, options.wait, options.patience])
  if (!shared.purgers.has(id)) shared.purgers.set(id, new Purger(options))
  return shared.purgers.get(id)
}

/**
 * Wraps a class of cache handlers. Every answer from it carries its tags for
 * edge, and every revalidation goes on to edge, after the handler has made its
 * own note of it: otherwise edge could be filled again with what is old.
 */
function wrap(Handler, given = {}) {
  const options = settings(given)
  return class EdgeCacheHandler {
    constructor(context) {
      this.inner = new Handler(context)
      this.site = Site.of(context?.serverDistDir)
    }

    async get(...args) {
      const entry = await this.inner.get(...args)
      return entry && withTags(entry, options.header)
    }

    async set(key, data, ...rest) {
      // What is stored stays as Next.js made it. The response is made of data.
      await this.inner.set(key, data && { ...data, headers: data.headers && { ...data.headers } }, ...rest)
      if (data) addTags(data, options.header)
    }

    async revalidateTag(tags, durations) {
      await this.inner.revalidateTag(tags, durations)
      if (options.urls.length > 0) {
        await purgerOf(options).purge(selectorsOf([tags].flat(), durations, this.site))
      }
    }

    resetRequestCache() {
      this.inner.resetRequestCache?.()
    }
  }
}

module.exports = { wrap }
