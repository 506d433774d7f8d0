'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const { selectorsOf, withImplied } = require('../lib/selectors.js')
const { Site } = require('../lib/site.js')

const plain = new Site()

function select(tags, durations, site = plain) {
  const { tags: t, paths, prefixes, soft } = selectorsOf(tags, durations, site)
  return { tags: [...t], paths: [...paths], prefixes: [...prefixes], soft }
}

test('a tag is a tag', () => {
  assert.deepEqual(select(['posts', 'post:1']), { tags: ['posts', 'post:1'], paths: [], prefixes: [], soft: false })
})

test('tags are spelt as they stand in the field', () => {
  assert.deepEqual(select(['two words', 'a,b', '\ud800', 'caf\u00e9', 'caf%C3%A9']).tags, ['two%20words', 'a', 'b', '%EF%BF%BD', 'caf%C3%A9'])
})

test('soft is for what may be served for at least a day', () => {
  for (const [durations, soft] of [
    [undefined, false], [{ expire: 0 }, false], [{ expire: 300 }, false], [{ expire: 86400 }, true],
    [{ expire: 31536000 }, true], [{}, true],
  ]) assert.equal(select(['t'], durations).soft, soft, JSON.stringify(durations))
})

test('paths', () => {
  const cases = {
    // revalidatePath('/api/items/1'), of a handler or of a page
    '_N_T_/api/items/1': { paths: ['/api/items/1', '/api/items/1/'], prefixes: [] },
    '_N_T_/': { paths: ['/'], prefixes: [] },
    '_N_T_/index': { paths: ['/'], prefixes: [] },
    // revalidatePath('/api/items/[id]', 'page'): handlers' own leaf is /route
    '_N_T_/api/items/[id]/page': { paths: ['/api/items'], prefixes: ['/api/items/'] },
    '_N_T_/api/items/layout': {
      paths: ['/api/items', '/api/items/layout', '/api/items/layout/'], prefixes: ['/api/items/'],
    },
    '_N_T_/layout': { paths: ['/layout', '/layout/'], prefixes: ['/'] },
    '_N_T_/(shop)/cart/page': { paths: ['/cart', '/cart/', '/cart/page', '/cart/page/'], prefixes: [] },
    '_N_T_/x/a b': { paths: ['/x/a b', '/x/a b/'], prefixes: [] },
  }
  for (const [tag, want] of Object.entries(cases)) {
    const { paths, prefixes } = select([tag])
    assert.deepEqual({ paths, prefixes }, want, tag)
  }
})

test('a base path and rewrites', () => {
  const site = new Site({
    basePath: '/shop',
    rewrites: {
      beforeFiles: [{ source: '/shop/rw/:id', destination: '/shop/api/items/:id' }],
      afterFiles: [{ source: '/shop/:lang/all/:rest*', destination: '/shop/api/:rest*' }],
      fallback: [{ source: '/x', destination: 'https://other.example/x' }],
    },
  })
  assert.deepEqual(select(['_N_T_/api/items/77'], undefined, site), {
    tags: ['_N_T_/api/items/77'],
    paths: ['/shop/api/items/77', '/shop/api/items/77/', '/shop/rw/77', '/shop/rw/77/'],
    prefixes: ['/shop/'], // of /:lang/all: the language is in the source alone
    soft: false,
  })
})

test('what Next.js has stored under other tags', () => {
  const site = new Site({ basePath: '/shop', rewrites: [{ source: '/shop/rw/:id', destination: '/shop/api/items/:id' }] })
  const cases = {
    posts: [],
    '_N_T_/api/items/[id]/page': ['_N_T_/api/items/[id]/route'],
    '_N_T_/api/items/7': ['_N_T_/api/items/7/', '_N_T_/rw/7', '_N_T_/rw/7/'],
    '_N_T_/': [],
  }
  for (const [tag, more] of Object.entries(cases)) {
    assert.deepEqual(withImplied([tag], site).sort(), [tag, ...more].sort(), tag)
  }
})
