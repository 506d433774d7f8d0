'use strict'

// edge refuses longer tags. Only those of long paths are: edge finds these by
// the path itself.
const longest = 256

const field = 'x-next-cache-tags'

/** One tag as edge reads it: without white space, commas and odd letters. */
function spell(tag) {
  return encodeURI(tag.toWellFormed()).replace(/%25/g, '%').replace(/,/g, '%2C')
}

/** The value for edge of Next.js's own list; '' for none. */
function listOf(headers) {
  const list = headers?.[field]
  if (!list) return ''
  return String(list).split(',').map(spell).filter((tag) => tag && tag.length <= longest).join(',')
}

/** Puts the tags of a cached response into its headers, once: Next.js may set again what it got. */
function addTags(value, header) {
  const list = listOf(value.headers)
  if (!list) return
  const own = value.headers[header]
  if (own === list || own?.endsWith(`,${list}`)) return
  value.headers[header] = own ? `${own},${list}` : list
}

/** A copy of a cache entry whose response carries its tags. */
function withTags(entry, header) {
  if (!listOf(entry.value?.headers)) return entry
  const value = { ...entry.value, headers: { ...entry.value.headers } }
  addTags(value, header)
  return { ...entry, value }
}

/** Next.js's own tags of what is stored: those of its response, and those of the contexts it was asked for and set with. */
function tagsOf(value, ...contexts) {
  const list = value?.headers?.[field]
  const named = contexts.flatMap((context) => [context?.tags ?? [], context?.softTags ?? []].flat())
  return [...(list ? String(list).split(',') : []), ...named]
}

module.exports = { spell, addTags, withTags, tagsOf }
