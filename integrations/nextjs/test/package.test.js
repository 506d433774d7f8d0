'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { execFileSync } = require('node:child_process')

const root = path.join(__dirname, '..')

test('what is published is what is needed, and needs nothing', () => {
  const [pack] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--silent'], { cwd: root, encoding: 'utf8' }))
  const files = pack.files.map((f) => f.path).sort()
  const sources = fs.readdirSync(path.join(root, 'lib')).map((f) => `lib/${f}`)
  assert.deepEqual(files, ['README.md', 'handler.d.ts', 'handler.js', 'index.d.ts', 'index.js', 'package.json', ...sources].sort())
  const { dependencies } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
  assert.equal(dependencies, undefined)
})

test('every variable is in the README', () => {
  const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8')
  const settings = fs.readFileSync(path.join(root, 'lib/settings.js'), 'utf8')
  const names = new Set(settings.match(/EDGE_[A-Z_]+/g))
  assert.ok(names.size >= 5)
  for (const name of names) assert.ok(readme.includes(`\`${name}\``), name)
})
