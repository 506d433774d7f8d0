// Cases that the version of http-cache-tests on npm does not have, or has as they
// were before RFC 9111: the public tests go on in their repository, where they are
// no package. What is expected stands in RFC 9111, 9110, 9213 and 5861, and agrees
// with what cache-tests.fyi expects today; kind and id are as there, behind "now-".
//
// The form is that of the package, which runs and judges them: two requests, of
// which the second tells whether the response to the first was reused.

const date = ['Date', 0]
const fresh = ['Cache-Control', 'max-age=3600']

/** A response, and whether the next request is answered with it. */
function reuse (kind, id, name, head, expected, second = {}) {
  const response = head.map(([field, value]) => [field, value, false]) // a cache may write them anew
  return {
    id: `now-${id}`,
    name,
    kind,
    requests: [
      { response_headers: response, setup: true, pause_after: true },
      { expected_type: expected, ...second },
    ],
  }
}

const reused = (id, name, ...head) => reuse('required', id, name, head, 'cached')
const refused = (id, name, ...head) => reuse('required', id, name, head, 'not_cached')
const wanted = (id, name, ...head) => reuse('optimal', id, name, head, 'cached')

/** Responses with Age: one line each. */
const aged = (...lines) => [date, fresh, ...lines.map((value) => ['Age', value])]

const age = {
  name: 'Age Parsing (RFC 9111, 5.1)',
  id: 'now-age-parse',
  tests: [
    reused('age-parse-nonnumeric', 'An Age that is no number is ignored', ...aged('abc')),
    reused('age-parse-negative', 'An Age that is negative is ignored', ...aged('-7200')),
    reused('age-parse-float', 'An Age with a fraction is ignored', ...aged('7200.0')),
    refused('age-parse-large-minus-one', 'An Age of 2^31-1 counts', ...aged('2147483647')),
    refused('age-parse-large', 'An Age of 2^31 counts', ...aged('2147483648')),
    refused('age-parse-larger', 'An Age beyond 2^31 counts', ...aged('2147483649')),
    refused('age-parse-suffix', 'Of "old, 0" the first counts', ...aged('7200, 0')),
    reused('age-parse-prefix', 'Of "0, old" the first counts', ...aged('0, 7200')),
    refused('age-parse-suffix-twoline', 'Of two lines, old and 0, the first counts', ...aged('7200', '0')),
    reused('age-parse-prefix-twoline', 'Of two lines, 0 and old, the first counts', ...aged('0', '7200')),
    reused('age-parse-dup-0', '"0, 0" is 0', ...aged('0, 0')),
    reused('age-parse-dup-0-twoline', '0 on two lines is 0', ...aged('0', '0')),
    reused('age-parse-dup-old', 'What is younger than its lifetime on two lines is fresh',
      date, ['Cache-Control', 'max-age=10000'], ['Age', '3600'], ['Age', '3600']),
  ],
}

/** A dead origin, and a stored response that must not stand in for it. */
function closed (directive, id) {
  const test = refused(`stale-close-${id}`, `${directive} keeps what is stale from standing in for an origin that hangs up`,
    ['Cache-Control', `max-age=2, ${directive}`])
  delete test.requests[1].expected_type // there is no answer of the origin to tell by
  Object.assign(test.requests[1], {
    disconnect: true,
    expected_status: 502,
    check_body: false,
    expected_response_headers_missing: ['server-request-count'],
  })
  return test
}

const stale = {
  name: 'Serving Stale (RFC 9111, 5.2.2; RFC 5861)',
  id: 'now-stale',
  tests: [
    closed('must-revalidate', 'must-revalidate'),
    closed('proxy-revalidate', 'proxy-revalidate'),
    closed('no-cache', 'no-cache'),
    closed('s-maxage=2', 's-maxage'),
    wanted('stale-while-revalidate', 'stale-while-revalidate lets a stale response answer',
      ['Cache-Control', 'max-age=1, stale-while-revalidate=3600'], ['ETag', '"abc"']),
    {
      id: 'now-stale-while-revalidate-window',
      name: 'What is stale for longer than stale-while-revalidate does not answer',
      kind: 'required',
      requests: [
        {
          response_headers: [['Cache-Control', 'max-age=1, stale-while-revalidate=4', false], ['ETag', '"abc"', false]],
          setup: true,
          pause_after: true,
        },
        {
          response_headers: [['Cache-Control', 'no-cache', false], ['ETag', '"def"', false]],
          expected_type: 'cached',
          setup: true,
          pause_after: true,
        },
        { expected_response_headers: [['client-request-count', '3']] },
      ],
    },
  ],
}

const cdn = (value) => ['CDN-Cache-Control', value]
const cc = (value) => ['Cache-Control', value]

const targeted = {
  name: 'CDN-Cache-Control (RFC 9213)',
  id: 'now-cdn-cache-control',
  tests: [
    wanted('cdn-max-age', 'max-age gives a lifetime', cdn('max-age=3600')),
    wanted('cdn-max-age-max', 'max-age may be 2^31', cdn('max-age=2147483648')),
    wanted('cdn-max-age-max-plus', 'max-age may be more', cdn('max-age=99999999999')),
    refused('cdn-max-age-age', 'Age counts against it', date, cdn('max-age=3600'), ['Age', '7200']),
    refused('cdn-max-age-0', 'max-age=0 is no lifetime', cdn('max-age=0')),
    wanted('cdn-max-age-extension', 'Unknown directives are ignored', cdn('foobar, max-age=3600')),
    wanted('cdn-max-age-expires', 'A past Expires does not count', cdn('max-age=3600'), ['Expires', -10000], date),
    wanted('cdn-max-age-invalid-expires', 'An Expires that is no date does not count', cdn('max-age=3600'), ['Expires', '0'], date),
    refused('cdn-max-age-0-expires', 'Nor does a future Expires', cdn('max-age=0'), ['Expires', 10000], date),
    wanted('cdn-max-age-short-cc-max-age', 'It counts, though longer than that of Cache-Control', cc('max-age=1'), cdn('max-age=3600')),
    refused('cdn-max-age-long-cc-max-age', 'It counts, though shorter than that of Cache-Control', cc('max-age=3600'), cdn('max-age=1')),
    refused('cdn-private', 'private keeps it from being stored', cdn('private'), cc('max-age=10000'), ['Expires', 10000], date),
    refused('cdn-no-cache', 'no-cache keeps it from being reused', cdn('no-cache'), cc('max-age=10000'), ['Expires', 10000], date),
    refused('cdn-no-store-cc-fresh', 'no-store keeps it from being stored', cc('max-age=10000'), cdn('no-store'), ['Expires', 10000], date),
    reused('cdn-fresh-cc-nostore', 'no-store of Cache-Control does not count', cc('no-store'), cdn('max-age=10000')),
    refused('cdn-cc-invalid-sh-type-unknown', 'What is no structured field is as if it was not there', cdn('max-age=10000, &&&&&'), cc('no-store')),
    refused('cdn-cc-invalid-sh-type-wrong', 'A max-age that is a string gives no lifetime', cdn('max-age="10000"'), cc('no-store')),
  ],
}

const understood = (kind, id, name, status, expected) => {
  const test = reuse(kind, id, name, [cc('max-age=3600, no-store, must-understand')], expected)
  test.requests[0].response_status = status
  return test
}

const status = {
  name: 'must-understand (RFC 9111, 5.2.2.3)',
  id: 'now-status',
  tests: [
    understood('required', 'status-599-must-understand', 'A status that nobody knows is not stored', [599, 'Whatever'], 'not_cached'),
    understood('optimal', 'status-200-must-understand', 'A known status is stored in spite of no-store', [200, 'OK'], 'cached'),
  ],
}

const until = (...lines) => [date, ...lines.map((value) => ['Expires', value])]

const expires = {
  name: 'Expires Parsing (RFC 9110, 5.6.7)',
  id: 'now-expires-parse',
  tests: [
    wanted('freshness-expires-32bit', 'A date beyond 31 bits', ...until('Tue, 19 Jan 2038 14:14:08 GMT')),
    wanted('freshness-expires-far-future', 'A date in a far future', ...until('Sun, 21 Nov 2286 04:46:39 GMT')),
    wanted('freshness-expires-rfc850', 'The form of RFC 850', ...until('Thursday, 18-Aug-50 02:01:18 GMT')),
    wanted('freshness-expires-ansi-c', 'The form of asctime', ...until('Thu Aug  8 02:01:18 2050')),
    wanted('freshness-expires-wrong-case-weekday', 'A day in capitals', ...until('THU, 18 Aug 2050 02:01:18 GMT')),
    wanted('freshness-expires-wrong-case-month', 'A month in capitals', ...until('Thu, 18 AUG 2050 02:01:18 GMT')),
    wanted('freshness-expires-wrong-case-tz', 'A zone in mixed letters', ...until('Thu, 18 Aug 2050 02:01:18 gMT')),
    refused('freshness-expires-invalid-utc', 'UTC is no zone', ...until('Thu, 18 Aug 2050 02:01:18 UTC')),
    refused('freshness-expires-invalid-aest', 'Nor is AEST', ...until('Thu, 18 Aug 2050 02:01:18 AEST')),
    refused('freshness-expires-invalid-2-digit-year', 'A year of two digits', ...until('Thu, 18 Aug 50 02:01:18 GMT')),
    refused('freshness-expires-invalid-no-comma', 'No comma', ...until('Thu 18 Aug 2050 02:01:18 GMT')),
    refused('freshness-expires-invalid-multiple-spaces', 'Too many spaces', ...until('Thu, 18  Aug  2050 02:01:18 GMT')),
    refused('freshness-expires-invalid-date-dashes', 'Dashes', ...until('Thu, 18-Aug-2050 02:01:18 GMT')),
    refused('freshness-expires-invalid-time-periods', 'Full stops in the time', ...until('Thu, 18 Aug 2050 02.01.18 GMT')),
    refused('freshness-expires-invalid-1-digit-hour', 'An hour of one digit', ...until('Thu, 18 Aug 2050 2:01:18 GMT')),
    refused('freshness-expires-invalid-multiple-lines', 'Two lines that are no dates', ...until('Thu, 18 Aug 2050 2:01:18 GMT', 'Thu, 18 Aug 2050 2:01:19 GMT')),
  ],
}

export default [age, stale, targeted, status, expires]
