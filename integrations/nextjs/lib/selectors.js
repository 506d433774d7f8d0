'use strict'

const { spell } = require('./tags.js')

// Next.js's name for what revalidatePath reaches.
const implicit = '_N_T_'

// A purge is soft only if what is stale may be served for at least as long as
// edge would (its stale is a day unless the policy says otherwise).
const softFrom = 24 * 60 * 60

/**
 * What edge is to purge for a revalidation: the tags, and for those of paths the
 * paths as well. edge finds objects by their path whatever Next.js called them:
 * handlers, paths with a trailing slash, and what was reached by a rewrite.
 */
function selectorsOf(tags, durations, site) {
  const found = { tags: new Set(), paths: new Set(), prefixes: new Set(), soft: isSoft(durations) }
  for (const tag of tags.map(String)) {
    // Next.js takes a comma in a tag for two tags when it stores them.
    for (const part of tag.split(',')) if (part) found.tags.add(spell(part))
    if (tag.startsWith(implicit)) addPath(found, tag.slice(implicit.length), site)
  }
  return found
}

/**
 * The tags, and those under which Next.js has stored what revalidatePath means
 * where that says another: handlers end in /route, trailingSlash is in the tags of
 * what is stored, and a rewrite's source takes the place of its destination.
 */
function withImplied(tags, site) {
  const all = new Set(tags.map(String))
  for (const tag of [...all].filter((tag) => tag.startsWith(implicit))) {
    const path = tag.slice(implicit.length)
    const page = withoutSuffix(path, '/page')
    if (page !== undefined) all.add(`${implicit}${page}/route`)
    if (path.includes('[')) continue
    for (const url of site.urls(path).map((url) => site.inside(url))) {
      all.add(implicit + url)
      if (!url.endsWith('/')) all.add(`${implicit}${url}/`)
    }
  }
  return [...all]
}

function isSoft(durations) {
  return durations !== undefined && (durations.expire === undefined || durations.expire >= softFrom)
}

// addPath adds what a path tag stands for: a URL; a file's pattern with its kind,
// page or route; or a layout with all below it.
function addPath(found, path, site) {
  const layout = withoutSuffix(path, '/layout')
  if (layout !== undefined) addTree(found, layout, site)
  const leaf = withoutSuffix(path, '/page') ?? withoutSuffix(path, '/route')
  if (leaf !== undefined) addOne(found, leaf, site)
  addOne(found, path === '/index' ? '/' : path, site) // it may be a URL that ends so
}

function withoutSuffix(path, suffix) {
  return path.endsWith(suffix) ? path.slice(0, -suffix.length) : undefined
}

function addOne(found, path, site) {
  const url = urlOf(path)
  if (url.includes('[')) return addTree(found, path, site)
  for (const at of site.urls(url)) addURL(found, at)
  for (const at of site.trees(url)) found.prefixes.add(at)
}

// addURL adds a path with and without a trailing slash.
function addURL(found, path) {
  const bare = path.replace(/\/+$/, '')
  found.paths.add(bare === '' ? '/' : bare)
  if (bare !== '') found.paths.add(bare + '/')
}

// addTree adds everything below the part of a pattern that has no parameter.
function addTree(found, path, site) {
  const url = urlOf(path)
  const end = url.indexOf('/[')
  const base = end < 0 ? url : url.slice(0, end)
  for (const at of site.urls(base)) {
    const bare = at.replace(/\/+$/, '')
    if (bare !== '') found.paths.add(bare)
    found.prefixes.add(bare + '/')
  }
  for (const at of site.trees(base)) found.prefixes.add(at)
}

// urlOf is the URL's path for a path of files: without groups and slots.
function urlOf(path) {
  const segments = path.split('/').filter((s) => s && !/^\(.*\)$/.test(s) && !s.startsWith('@'))
  return '/' + segments.join('/')
}

module.exports = { selectorsOf, withImplied, isSoft }
