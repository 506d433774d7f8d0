'use strict'

const at = 'next/dist/server/lib/incremental-cache/file-system-cache'

/**
 * Next.js's own cache handler. It is not public: the version is looked at by
 * loading it, and an application whose Next.js has it elsewhere is told so.
 */
function builtIn(from = [process.cwd(), __dirname]) {
  let found
  try {
    found = require(require.resolve(at, { paths: from }))
  } catch (error) {
    throw new Error(`edge-cache: this Next.js has no ${at}: write a cacheHandler of your own and wrap it (see the README)`, { cause: error })
  }
  return found.default ?? found
}

module.exports = { builtIn }
