// Runs http-cache-tests through the cache at the URL given, and what later.mjs adds
// to them, and prints one JSON array: for each test its id, suite, kind, name,
// verdict, what was wrong, and whether it is of later.mjs. The verdicts are the
// package's own. Test ids may follow the URL.
import fetch from 'node-fetch'
import { runTests, getResults } from 'http-cache-tests/client/runner.mjs'
import { determineTestResult } from 'http-cache-tests/lib/display.mjs'
import suites from 'http-cache-tests/tests/index.mjs'
import surrogate from 'http-cache-tests/tests/surrogate-control.mjs'
import later from './later.mjs'

const verdicts = {
  '✅': 'pass',
  '⛔️': 'fail',
  '⚠️': 'optional-fail',
  Y: 'yes',
  N: 'no',
  '🔹': 'setup-fail',
  '⁉️': 'harness-fail',
  '⚪️': 'dependency-fail',
  '↻': 'retry',
}

const [base, ...ids] = process.argv.slice(2)
const all = [...suites, surrogate, ...later]
const chosen = ids.length === 0
  ? all
  : all.map((suite) => ({ ...suite, tests: suite.tests.filter((test) => ids.includes(test.id)) }))

await runTests(chosen, fetch, false, base, 50)
const results = getResults()

const lines = chosen.flatMap((suite) =>
  suite.tests
    .filter((test) => test.id in results)
    .map((test) => ({
      id: test.id,
      suite: suite.name,
      later: later.some((l) => l.id === suite.id),
      kind: test.kind ?? 'required',
      name: test.name,
      verdict: verdicts[determineTestResult(all, test.id, results, ids.length === 0)[2]],
      detail: results[test.id] === true ? '' : results[test.id].join(': '),
    })),
)
console.log(JSON.stringify(lines))
