'use strict'

const fs = require('node:fs')
const path = require('node:path')

/**
 * How the application's own paths are reached from outside: below a base path,
 * and by rewrites. Unknown, they are themselves.
 */
class Site {
  constructor(manifest = {}) {
    this.basePath = manifest.basePath ?? ''
    const rewrites = manifest.rewrites ?? []
    const all = Array.isArray(rewrites) ? rewrites : Object.values(rewrites).flat()
    this.rewrites = all.filter((r) => typeof r.destination === 'string' && r.destination.startsWith('/'))
  }

  static sites = new Map()

  /** The site of a build, read once. */
  static of(serverDistDir) {
    const known = Site.sites.get(serverDistDir)
    if (known) return known
    const site = new Site(readManifest(serverDistDir))
    Site.sites.set(serverDistDir, site)
    return site
  }

  /** The paths at which clients see one path. */
  urls(inner) {
    const urls = [this.basePath + inner]
    for (const rewrite of this.rewrites) {
      const url = invert(rewrite, this.basePath + inner)
      if (url !== undefined) urls.push(url)
    }
    return urls
  }

  /** A path as the application has it: without the base path. */
  inside(url) {
    const { basePath } = this
    return basePath !== '' && url.startsWith(`${basePath}/`) ? url.slice(basePath.length) : url
  }

  /** Prefixes of more paths at which clients may see it, where a rewrite cannot be read backwards. */
  trees(inner) {
    const trees = []
    for (const rewrite of this.rewrites) {
      const at = pattern(rewrite.destination)
      if (at.test(this.basePath + inner) && invert(rewrite, this.basePath + inner) === undefined) {
        trees.push(literalPrefix(rewrite.source))
      }
    }
    return trees
  }
}

function readManifest(serverDistDir) {
  try {
    return JSON.parse(fs.readFileSync(path.join(serverDistDir, '..', 'routes-manifest.json'), 'utf8'))
  } catch {
    return {} // while it is built there is none
  }
}

const parameter = /:([A-Za-z0-9_]+)([*+?]?)/g

// invert returns the source path of a rewrite whose destination is inner, or
// undefined if the source says more than the destination does.
function invert(rewrite, inner) {
  const found = pattern(rewrite.destination).exec(inner)
  if (!found) return undefined
  let whole = true
  const source = rewrite.source.replace(parameter, (_, name) => {
    const value = found.groups?.[name]
    whole &&= value !== undefined
    return value ?? ''
  })
  if (!whole || /[()\\{}:*]/.test(source)) return undefined
  return source.replace(/\/{2,}/g, '/')
}

// pattern is a regular expression for the path of a destination.
function pattern(destination) {
  const bare = destination.split('?')[0]
  const seen = new Set()
  let text = ''
  let last = 0
  for (const m of bare.matchAll(parameter)) {
    const [all, name, repeat] = m
    text += literal(bare.slice(last, m.index))
    const body = repeat === '*' || repeat === '+' ? '.*' : '[^/]+'
    text += seen.has(name) ? `(?:${body})` : `(?<${name}>${body})`
    seen.add(name)
    last = m.index + all.length
  }
  return new RegExp(`^${text}${literal(bare.slice(last))}/?$`)
}

function literal(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

// literalPrefix is a source up to its first parameter.
function literalPrefix(source) {
  const end = source.search(/[:(\\{*]/)
  return end < 0 ? source : source.slice(0, source.lastIndexOf('/', end) + 1)
}

module.exports = { Site }
