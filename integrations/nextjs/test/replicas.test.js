'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const { mkdtempSync, rmSync } = require('node:fs')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const net = require('node:net')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { wrap } = require('../index.js')
const { Replicas } = require('../lib/replicas.js')
const { Connection } = require('../lib/resp.js')
const { settings } = require('../lib/settings.js')

const quiet = { info() {}, warn() {} }
const patience = 20_000 // the machine of a test is busy

// redis runs a redis-server (.ci/install installs it), and opens a door to it.
async function redis(t) {
  const dir = mkdtempSync(path.join(tmpdir(), 'edge-cache-'))
  const socket = path.join(dir, 'socket')
  const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--dir', dir, '--save', '', ...'--user app on >p:w ~{edge}:* +@read +@write +ping'.split(' ')])
  t.after(async () => {
    if (server.exitCode === null && server.kill('SIGKILL')) await once(server, 'exit')
    rmSync(dir, { recursive: true })
  })
  await new Promise((resolve, reject) => {
    let said = ''
    server.stdout.on('data', (text) => { if ((said += text).includes('ready to accept')) resolve() })
    server.on('error', reject).on('exit', () => reject(new Error(`redis-server (.ci/install) ended: ${said}`)))
  })
  return { server, ...(await door(t, socket)), another: () => door(t, socket) }
}

// door leads to a socket, from a port of the system's choice, while it is open.
async function door(t, socket) {
  const open = new Set()
  const listener = net.createServer((client) => {
    const inside = net.connect(socket)
    for (const [a, b] of [[client, inside], [inside, client]]) {
      open.add(a)
      a.on('error', () => {}).on('close', () => { open.delete(a); b.destroy() })
      a.pipe(b)
    }
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address()
  const close = () => {
    if (listener.listening) listener.close()
    for (const one of open) one.destroy()
  }
  t.after(close)
  return { close, reopen: () => { listener.listen(port, '127.0.0.1') }, url: `redis://127.0.0.1:${port}/0`, withUser: `redis://app:p%3Aw@127.0.0.1:${port}` }
}

function replica(t, url, options = {}) {
  const replicas = new Replicas({ redis: url, key: '{edge}:revalidated', patience, log: quiet, ...options })
  const heard = []
  return { replicas, heard, learn: () => replicas.learn((...told) => { heard.push(told) }) }
}

// A test that waits ends after a time, also where nothing comes.
const bounded = { timeout: 60_000 }

// until waits for a condition, as long as the test may take.
async function until(t, condition) {
  while (!(await condition())) {
    t.signal.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('what one replica has revalidated the others know before they answer', async (t) => {
  const { url } = await redis(t)
  const [a, b] = [replica(t, url), replica(t, url)]
  await b.learn()
  for (let i = 0; i < 50; i++) {
    await a.replicas.note([`t${i}`], i % 2 ? { expire: i } : undefined)
    await b.learn()
    assert.deepEqual(b.heard.at(-1), [[`t${i}`], i % 2 ? { expire: i } : undefined, false])
  }
  await a.learn()
  assert.deepEqual(a.heard, [], 'its own it knows')
  assert.equal(b.heard.length, 50, 'each once')
})

test('many who ask at once share a read, and none misses what was told before it asked', async (t) => {
  const { url } = await redis(t)
  const [a, b] = [replica(t, url), replica(t, url)]
  await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    await a.replicas.note([`t${i}`])
    await Promise.all(Array.from({ length: 10 }, () => b.learn()))
    assert.ok(b.heard.some(([[tag]]) => tag === `t${i}`), `t${i}`)
  }))
})

test('a new replica hears what was told before it was there, however much', async (t) => {
  const { url } = await redis(t)
  const a = replica(t, url)
  await Promise.all(Array.from({ length: 2500 }, (_, i) => a.replicas.note([`t${i}`])))
  const b = replica(t, url)
  await b.learn()
  assert.equal(b.heard.length, 2500)
})

test('what is told late is purged once more', bounded, async (t) => {
  const { url, close, reopen } = await redis(t)
  const [a, b] = [replica(t, url, { patience: 300 }), replica(t, url, { patience: 300 })]
  await until(t, async () => { await a.learn(); return a.replicas.connection })
  close()
  await until(t, () => !a.replicas.connection)
  let late = 0
  await a.replicas.note(['x'], undefined, () => late++)
  await a.replicas.note(['x'], undefined, () => late++)
  await b.learn() // goes on
  assert.equal(late, 0)
  reopen()
  await until(t, () => late === 2)
  await until(t, async () => { await b.learn(); return b.heard.length > 0 })
})

test('what is heard late is purged once more', bounded, async (t) => {
  const server = await redis(t)
  const own = await server.another()
  const [a, b] = [replica(t, server.url), replica(t, own.url)]
  await a.replicas.note(['before'])
  await b.learn()
  own.close()
  await until(t, () => !b.replicas.connection)
  await a.replicas.note(['away'])
  await b.learn() // goes on
  assert.equal(b.heard.length, 1)
  own.reopen()
  await until(t, () => b.heard.length === 3) // nobody asks it
  assert.deepEqual(b.heard.slice(1), [[['before'], undefined, false], [['away'], undefined, true]])
  await b.learn()
  assert.equal(b.heard.length, 3, 'each once')
})

test('a server that does not answer holds nobody up for long, and is asked no more', bounded, async (t) => {
  const { url, server } = await redis(t)
  const a = replica(t, url, { patience: 300 })
  await until(t, async () => { await a.learn(); return a.replicas.connection })
  server.kill('SIGSTOP')
  t.after(() => server.kill('SIGCONT'))
  await a.learn()
  assert.equal(a.replicas.connection, undefined)
  await a.learn()
  await a.replicas.note(['b'])
  server.kill('SIGCONT')
  const b = replica(t, url)
  await until(t, async () => { await b.learn(); return b.heard.length > 0 })
})

test('a user with rights on the fleet\'s keys is enough; a wrong password is said', bounded, async (t) => {
  const { withUser } = await redis(t)
  const [a, b] = [replica(t, withUser), replica(t, withUser)]
  await a.replicas.note(['posts'])
  await b.learn()
  assert.deepEqual(b.heard, [[['posts'], undefined, false]])
  const said = []
  const wrong = replica(t, withUser.replace('p%3Aw', 'wrong'), { log: { info() {}, warn: (text) => said.push(text) } })
  await wrong.learn()
  await until(t, () => said.length > 0)
  assert.match(said[0], /WRONGPASS/)
})

test('what else is in the stream is left alone', async (t) => {
  const { url } = await redis(t)
  const other = new Connection(url)
  for (const text of ['', 'null', '{"tags":1}', '{"from":"x","tags":["ok",2]}']) {
    await other.send('XADD', '{edge}:revalidated', '*', 'e', text)
  }
  const a = replica(t, url)
  await a.learn()
  assert.deepEqual(a.heard, [[['ok', '2'], undefined, false]])
  other.fail(new Error('over'))
  await assert.rejects(other.send('PING'), /over/)
})

test('a server that is none', async (t) => {
  const server = net.createServer((client) => client.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  await assert.rejects(new Connection(`redis://127.0.0.1:${server.address().port}`).send('PING'), /no Redis server|closed/)
})

test('the handler of one replica forgets what another has revalidated', async (t) => {
  const { url } = await redis(t)
  const told = []
  const replicaOf = (name) => wrap(class {
    async get(key) { return told.includes(`${name} posts`) ? null : { value: { headers: {} } } }
    async set() {}
    async revalidateTag(tags) { told.push(`${name} ${tags}`) }
  // Replicas are processes; two patiences are two of them in one.
  }, { urls: [], redis: url, patience: patience + name.length })
  const [a, b] = [new (replicaOf('a'))({}), new (replicaOf('bb'))({})]
  assert.ok(await b.get('k'))
  await a.revalidateTag('posts')
  assert.equal(await b.get('k'), null)
  assert.deepEqual(told, ['a posts', 'bb posts'])
})

test('settings of the server', () => {
  assert.equal(settings({}, {}).redis, '')
  assert.equal(settings({}, { EDGE_REDIS: 'rediss://u:p@h:1/2' }).redis, 'rediss://u:p@h:1/2')
  for (const wrong of ['h:6379', 'http://h', 'redis://h/x', 'redis+sentinel://h/x']) {
    assert.throws(() => settings({}, { EDGE_REDIS: wrong }), /is not the address of a Redis server/)
  }
})
