'use strict'

const { wrap } = require('./index.js')
const { builtIn } = require('./lib/builtin.js')

/** Next.js's own handler, with its tags and revalidations told to edge. */
module.exports = wrap(builtIn())
