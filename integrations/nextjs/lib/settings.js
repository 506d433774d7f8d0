'use strict'

const waits = ['local', 'accepted', 'fleet']

/** Options with what the environment and the defaults say. */
function settings(given, env = process.env) {
  const urls = given.urls ?? (env.EDGE_URL ?? 'http://127.0.0.1:9090').split(',')
  const options = {
    urls: urls.map((url) => url.trim()).filter(Boolean).map(purgeURL),
    token: given.token ?? env.EDGE_ADMIN_TOKEN ?? '',
    wait: given.wait ?? env.EDGE_WAIT ?? 'local',
    patience: given.patience ?? Number(env.EDGE_PATIENCE ?? 1000),
    redis: given.redis ?? env.EDGE_REDIS ?? '',
    key: given.key ?? env.EDGE_REDIS_KEY ?? '{edge}:revalidated',
    header: (given.header ?? env.EDGE_TAG_HEADER ?? 'cache-tag').toLowerCase(),
  }
  if (!waits.includes(options.wait)) {
    throw new Error(`edge-cache: wait is "${options.wait}": it can be ${waits.join(', ')}`)
  }
  if (!(options.patience >= 0)) {
    throw new Error(`edge-cache: patience is "${options.patience}": write a number of milliseconds`)
  }
  if (options.redis !== '' && !isRedis(options.redis)) {
    throw new Error('edge-cache: EDGE_REDIS is not the address of a Redis server: write redis://user:password@redis.internal:6379/0')
  }
  return options
}

function isRedis(text) {
  return URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol) && /^(\/\d*)?$/.test(new URL(text).pathname)
}

function purgeURL(text) {
  let url
  try {
    url = new URL('/v1/purge', text)
  } catch {}
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new Error(`edge-cache: "${text}" is not the address of an edge: write http://127.0.0.1:9090`)
  }
  return url.href
}

module.exports = { settings }
