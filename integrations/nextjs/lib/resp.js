'use strict'

const net = require('node:net')
const tls = require('node:tls')

/**
 * One connection to a Redis or Valkey server, given as
 * redis[s]://user:password@host:port/database. It holds no process open.
 * Commands are answered in their order; all that wait fail when the connection
 * does, and a connection that has failed stays so.
 */
class Connection {
  constructor(url) {
    const at = new URL(url)
    const to = { host: at.hostname.replace(/^\[|\]$/g, ''), port: Number(at.port || 6379) }
    this.waiting = []
    this.unread = Buffer.alloc(0)
    this.failure = undefined
    this.closed = new Promise((resolve) => { this.close = resolve })
    this.socket = at.protocol === 'rediss:' ? tls.connect({ ...to, servername: net.isIP(to.host) ? '' : to.host }) : net.connect(to)
    this.socket.setNoDelay(true).unref()
    this.socket.on('data', (bytes) => this.read(bytes))
    this.socket.on('error', (error) => this.fail(error))
    this.socket.on('close', () => this.fail(new Error('the connection was closed')))
    this.ready = this.greet(at)
    this.ready.catch((error) => this.fail(error))
  }

  async greet({ username, password, pathname }) {
    const login = [username, password].filter(Boolean).map(decodeURIComponent)
    const database = pathname.slice(1)
    const greetings = []
    if (login.length > 0) greetings.push(this.send('AUTH', ...login))
    if (database !== '') greetings.push(this.send('SELECT', database))
    await Promise.all(greetings)
  }

  /** Resolves with the answer: a string, a number, null or an array of these. */
  send(...words) {
    if (this.failure) return Promise.reject(this.failure)
    const answer = new Promise((resolve, reject) => this.waiting.push({ resolve, reject }))
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
    this.socket.write(`*${words.length}\r\n${parts.join('')}`)
    return answer
  }

  fail(error) {
    this.failure ??= error
    this.socket.destroy()
    this.close()
    for (const { reject } of this.waiting.splice(0)) reject(this.failure)
  }

  read(bytes) {
    this.unread = Buffer.concat([this.unread, bytes])
    let at = 0
    try {
      for (let found; (found = parse(this.unread, at)); at = found.end) {
        const { resolve, reject } = this.waiting.shift()
        if (found.value instanceof Error) reject(found.value)
        else resolve(found.value)
      }
    } catch {
      return this.fail(new Error('what answers is no Redis server'))
    }
    this.unread = this.unread.subarray(at)
  }
}

// parse reads one answer; undefined when not all of it is there. Errors inside
// an answer are values.
function parse(buffer, at) {
  const line = buffer.indexOf('\r\n', at)
  if (line < 0) return undefined
  const text = buffer.toString('utf8', at + 1, line)
  const end = line + 2
  switch (buffer[at]) {
    case 0x2b: // +
      return { value: text, end }
    case 0x2d: // -
      return { value: new Error(text), end }
    case 0x3a: // :
      return { value: Number(text), end }
    case 0x24: // $
      return parseText(buffer, end, Number(text))
    case 0x2a: // *
      return parseList(buffer, end, Number(text))
  }
  throw new Error('unknown kind')
}

function parseText(buffer, at, length) {
  if (length < 0) return { value: null, end: at }
  if (buffer.length < at + length + 2) return undefined
  return { value: buffer.toString('utf8', at, at + length), end: at + length + 2 }
}

function parseList(buffer, at, length) {
  if (length < 0) return { value: null, end: at }
  const value = []
  for (let end = at; ; ) {
    if (value.length === length) return { value, end }
    const item = parse(buffer, end)
    if (!item) return undefined
    value.push(item.value)
    end = item.end
  }
}

module.exports = { Connection }
