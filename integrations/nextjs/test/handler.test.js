'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const { once } = require('node:events')
const { wrap } = require('../index.js')
const { settings } = require('../lib/settings.js')
const { Purger } = require('../lib/purger.js')
const { Revalidations } = require('../lib/revalidations.js')

// Memory is a handler of the application's own.
class Memory {
  entries = new Map()
  calls = []
  async get(key) { return this.entries.get(key) ?? null }
  async set(key, value) { this.entries.set(key, { value, lastModified: 1 }) }
  async revalidateTag(tags, durations) { this.calls.push([tags, durations]) }
}

// edge is what listens to purges; answer says what it does with each.
async function edge(t, answer = () => ({ status: 200, body: '{}' })) {
  const seen = []
  const server = http.createServer(async (req, res) => {
    let body = ''
    for await (const part of req) body += part
    const one = { url: req.url, headers: req.headers, body: JSON.parse(body) }
    seen.push(one)
    const { status, body: text } = await answer(seen.length)
    one.status = status
    res.writeHead(status).end(text)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return { seen, url: `http://127.0.0.1:${server.address().port}` }
}

// A test that waits ends after a time, also where nothing comes.
const bounded = { timeout: 60_000 }

// until waits for a condition, as long as the test may take.
async function until(t, condition) {
  while (!condition()) {
    t.signal.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const quiet = { info() {}, warn() {} }
const patience = 20_000 // the machine of a test is busy

test('answers carry their tags, what is stored does not', async () => {
  const inner = []
  const Handler = wrap(class extends Memory {
    constructor() { super(); inner.push(this) }
  }, { urls: [] })
  const handler = new Handler({})
  const data = { kind: 'APP_ROUTE', status: 200, headers: { 'x-next-cache-tags': 'posts,two words', 'cache-tag': 'own' } }
  await handler.set('k', data, {})
  assert.equal(data.headers['cache-tag'], 'own,posts,two%20words', 'the response of a miss is made of data')
  assert.equal(inner[0].entries.get('k').value.headers['cache-tag'], 'own')
  assert.equal((await handler.get('k')).value.headers['cache-tag'], 'own,posts,two%20words')
  assert.equal(inner[0].entries.get('k').value.headers['cache-tag'], 'own')
  await handler.set('gone', null, {})
  assert.equal((await handler.get('gone')).value, null)
  assert.equal(await handler.get('never'), null)
})

test('what Next.js sets as it got it has its tags once', async () => {
  const handler = new (wrap(Memory, { urls: [] }))({})
  await handler.set('k', { headers: { 'x-next-cache-tags': 'posts,two words', 'cache-tag': 'own' } }, {})
  for (let i = 0; i < 3; i++) {
    const { value } = await handler.get('k')
    assert.equal(value.headers['cache-tag'], 'own,posts,two%20words')
    await handler.set('k', value, {})
  }
})

test('a tag that edge would refuse is left out', async () => {
  const Handler = wrap(Memory, { urls: [] })
  const handler = new Handler({})
  await handler.set('k', { headers: { 'x-next-cache-tags': `a,_N_T_/${'x'.repeat(300)}` } }, {})
  assert.equal((await handler.get('k')).value.headers['cache-tag'], 'a')
})

test('edge is told after the handler has made its note', async (t) => {
  const order = []
  const { seen, url } = await edge(t, () => { order.push('edge'); return { status: 200, body: '{}' } })
  const Handler = wrap(class extends Memory {
    async revalidateTag() { order.push('next') }
  }, { urls: [url], token: 'secret', patience })
  await new Handler({}).revalidateTag(['posts'], undefined)
  await new Handler({}).revalidateTag('posts', { expire: 31536000 })
  assert.deepEqual(order, ['next', 'edge', 'next', 'edge'])
  assert.equal(seen[0].url, '/v1/purge')
  assert.equal(seen[0].headers.authorization, 'Bearer secret')
  assert.deepEqual(seen.map((s) => s.body), [
    { tags: ['posts'], wait: 'local' }, { tags: ['posts'], soft: true, wait: 'local' },
  ])
})

for (const [name, data, asked, context] of [
  ['a response', { headers: { 'x-next-cache-tags': 'other,posts' } }],
  ['a fetch', { kind: 'FETCH' }, { kind: 'FETCH' }, { tags: ['posts'] }],
  ['a fetch of a page', { kind: 'FETCH' }, { kind: 'FETCH', softTags: ['posts'] }, {}],
]) {
  test(`${name} that was begun before a revalidation is not stored after it, and purged again`, bounded, async (t) => {
    const { seen, url } = await edge(t)
    const Handler = wrap(Memory, { urls: [url], patience })
    const [before, after] = [new Handler({}), new Handler({})]
    assert.equal(await before.get('k', asked), null)
    await after.revalidateTag('posts')
    assert.equal(await before.get('k', asked), null, 'somebody else asks on the same page')
    await before.set('k', data, context)
    assert.equal(await before.get('k', asked), null, 'it is old')
    await until(t, () => seen.length === 2)
    assert.deepEqual(seen.map((s) => s.body), Array(2).fill({ tags: ['posts'], wait: 'local' }))
    await before.set('k', data, context)
    assert.ok((await before.get('k', asked)).value, 'it is new')
    assert.equal(seen.length, 2)
  })
}

test('what soft revalidations overtake is stored as stale', bounded, async (t) => {
  const { seen, url } = await edge(t)
  const max = { expire: 31536000 }
  const stale = []
  const Handler = wrap(class extends Memory {
    async revalidateTag(tags, durations) { stale.push([...tags, this.entries.has('k'), durations]) }
  }, { urls: [url], patience })
  const handler = new Handler({})
  for (let render = 1; render <= 3; render++) {
    await handler.get('k')
    await handler.revalidateTag('posts', max)
    await handler.set('k', { render, headers: { 'x-next-cache-tags': 'posts' } }, {})
    assert.equal((await handler.get('k')).value.render, render)
    await until(t, () => seen.length === 2 * render)
    assert.deepEqual(stale.splice(0), [['posts', render > 1, max], ['posts', true, max]])
  }
  assert.deepEqual(seen.map((s) => s.body), Array(6).fill({ tags: ['posts'], soft: true, wait: 'local' }))
})

test('a revalidation ends, however slowly is stored', bounded, async () => {
  let told = 0
  const Handler = wrap(class extends Memory {
    async set() { await new Promise((resolve) => setTimeout(resolve, 20)) }
    async revalidateTag() { told++ }
  }, { urls: [] })
  const renders = []
  for (let i = 0; i < 60; i++) {
    if (i === 5) await new Handler({}).revalidateTag('posts')
    const handler = new Handler({})
    await handler.get('k')
    renders.push(handler.set('k', { headers: { 'x-next-cache-tags': 'posts' } }, {}))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(renders)
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(told <= 6, `${told} times for what five began before`)
})

test('who asks while another is being told that there is nothing does not make its render newer', async () => {
  let go
  const told = new Promise((resolve) => { go = resolve })
  const Handler = wrap(class extends Memory {
    async get(key) { await told; return super.get(key) }
  }, { urls: [] })
  const handler = new Handler({})
  const first = handler.get('k')
  await handler.revalidateTag('posts')
  const second = handler.get('k')
  go()
  await Promise.all([first, second])
  await handler.set('k', { headers: { 'x-next-cache-tags': 'posts' } }, {})
  assert.equal(await handler.get('k'), null)
})

test('what is being stored while it is revalidated is forgotten again', bounded, async (t) => {
  const { seen, url } = await edge(t)
  let stores, go
  const storing = new Promise((resolve) => { stores = resolve })
  const told = new Promise((resolve) => { go = resolve })
  const revalidated = []
  const Handler = wrap(class extends Memory {
    async set() { stores(); await told }
    async revalidateTag(tags) { revalidated.push(...tags) }
  }, { urls: [url], patience })
  const handler = new Handler({})
  const set = handler.set('k', { headers: { 'x-next-cache-tags': 'posts' } }, {})
  await storing
  await handler.revalidateTag('posts')
  go()
  await set
  await until(t, () => seen.length === 2)
  assert.deepEqual(revalidated, ['posts', 'posts'])
})

test('revalidations that are forgotten count for every tag', async () => {
  const some = new Revalidations(2)
  const done = async () => {}
  for (const tag of ['a', 'b', 'c,d']) await some.during([tag], undefined, done)
  assert.deepEqual(some.since(0, ['x']), [{ tags: ['x'], hard: true }])
  assert.deepEqual(some.since(0, []), [], 'without tags there is nothing to come too late for')
  assert.deepEqual(some.since(2, ['x', 'b']), [])
  assert.deepEqual(some.since(2, ['d']), [{ tags: ['d'], durations: undefined, hard: true }])
  assert.deepEqual(some.since(3, ['d']), [])
})

test('a soft revalidation does not make a hard one soft', async () => {
  const some = new Revalidations()
  const max = { expire: 31536000 }
  const soft = [{ tags: ['a'], durations: max, hard: false }]
  await some.during(['a'], max, async () => assert.deepEqual(some.since(0, ['a']), soft, 'it is under way'))
  assert.deepEqual(some.since(0, ['a']), soft)
  await some.during(['a'], undefined, async () => {})
  await some.during(['a'], max, async () => {})
  assert.deepEqual(some.since(1, ['a']), [{ tags: ['a'], durations: undefined, hard: true }])
  assert.deepEqual(some.since(2, ['a']), soft)
  assert.deepEqual(some.since(3, ['a']), [])
})

test('what is stored within the millisecond of a revalidation is dated before it', async () => {
  const some = new Revalidations()
  for (let i = 0; i < 50; i++) {
    const stored = Date.now()
    some.stored()
    await some.during(['a'], undefined, async () => assert.ok(Date.now() > stored))
  }
})

test('a dead edge holds nothing up and loses nothing', async (t) => {
  let alive = false
  const { seen, url } = await edge(t, () => (alive ? { status: 200, body: '{}' } : { status: 503, body: 'away' }))
  const purger = new Purger({ urls: [`${url}/v1/purge`], token: '', wait: 'local', patience: 20, log: quiet })
  const started = Date.now()
  await purger.purge({ tags: ['a'], paths: [], prefixes: [], soft: false })
  await purger.purge({ tags: ['b'], paths: [], prefixes: [], soft: true })
  assert.ok(Date.now() - started < patience)
  alive = true
  const last = purger.edges[0].purge({ tags: ['c'], paths: [], prefixes: [], soft: false })
  const hold = setInterval(() => {}, 50) // pauses do not keep a process alive
  await last
  clearInterval(hold)
  const told = seen.filter((s) => s.status === 200).flatMap((s) => s.body.tags.map((tag) => `${tag}${s.body.soft ? ' soft' : ''}`))
  for (const want of ['a', 'b soft', 'c']) assert.ok(told.includes(want), `${want} of ${told}`)
  assert.equal(purger.edges[0].waiting.empty(), true)
})

test('no edge at the address', async () => {
  const purger = new Purger({ urls: ['http://127.0.0.1:1/v1/purge'], token: '', wait: 'local', patience: 20, log: quiet })
  await purger.purge({ tags: ['a'], paths: [], prefixes: [], soft: false })
  assert.equal(purger.edges[0].busy, true)
})

test('what edge cannot read purges everything', async (t) => {
  const { seen, url } = await edge(t, (n) => (n === 1 ? { status: 400, body: 'no such path' } : { status: 200, body: '{}' }))
  const purger = new Purger({ urls: [`${url}/v1/purge`], token: '', wait: 'local', patience, log: quiet })
  await purger.purge({ tags: [], paths: ['/%00'], prefixes: [], soft: false })
  assert.deepEqual(seen.map((s) => s.body), [{ paths: ['/%00'], wait: 'local' }, { all: true, wait: 'local' }])
})

test('a burst is merged', async (t) => {
  const { seen, url } = await edge(t)
  const purger = new Purger({ urls: [`${url}/v1/purge`], token: '', wait: 'local', patience, log: quiet })
  await Promise.all(Array.from({ length: 5000 }, (_, i) => purger.purge({ tags: [`t${i}`], paths: [], prefixes: [], soft: false })))
  assert.ok(seen.length < 10, `${seen.length} requests`)
  assert.ok(seen.some((s) => s.body.all), 'beyond the bound it is all')
})

test('settings', () => {
  assert.deepEqual(settings({}, {}).urls, ['http://127.0.0.1:9090/v1/purge'])
  assert.deepEqual(settings({}, { EDGE_URL: 'http://a:1, http://b:2' }).urls, ['http://a:1/v1/purge', 'http://b:2/v1/purge'])
  assert.deepEqual(settings({}, { EDGE_URL: '' }).urls, [])
  assert.throws(() => settings({}, { EDGE_URL: 'a:1' }), /is not the address of an edge/)
  assert.throws(() => settings({ wait: 'forever' }, {}), /it can be local, accepted, fleet/)
  assert.throws(() => settings({}, { EDGE_PATIENCE: 'x' }), /number of milliseconds/)
})
