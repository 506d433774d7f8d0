package nextjs

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// manyNames are more variables than the parser looks through one by one.
const manyNames = "v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15, v16, v17, v18, v19, v20, v21, v22, v23"

// TestNothingIsMissed tries to hide reads from the analysis. Each snippet is the
// body of a route file; each fact must be reported, by name or as any.
func TestNothingIsMissed(t *testing.T) {
	for _, test := range []struct{ code, facts string }{
		// The address, used as a string in every way.
		{"export const GET = (r) => Response.json(`${r.nextUrl}`)", "query *"},
		{"export const GET = (r) => Response.json('' + r.nextUrl.searchParams)", "query *"},
		{"export const GET = (r) => Response.json(table[r.url])", "query *"},
		{"export const GET = (r) => Response.json({ [r.url]: 1 })", "query *"},
		{"export const GET = (r) => Response.json(r.url in table)", "query *"},
		{"export const GET = (r) => Response.json(['a', 'b'].includes(r.url))", "query *"},
		{"export const GET = (r) => Response.json([1, r.url].join())", "query *"},
		{"export const GET = (r) => { switch (r.nextUrl.search) { case '': return a }; return b }", "query *"},
		{"export const GET = (r) => { let s = 'x'; s += r.url; return new Response(s) }", "query *"},
		{"export const GET = (r) => Response.json(/x=(.)/.exec(r.url))", "query *"},
		{"export const GET = (r) => Response.json(r.url === 'http://a/?b')", "query *"},
		{"export const GET = (r) => Response.json(tag`a${r.url}`)", "query *"},
		{"export const GET = (r) => Response.json(new URL('', r.url).href)", "query *"},
		{"export const GET = (r) => Response.json(new URL(path, r.url).href)", "query *"},
		{"export const GET = (r) => Response.json(URL.parse(r.url).searchParams.get('p'))", "query p"},
		{"import { URL } from 'node:url'\nexport const GET = (r) => Response.json(new URL(r.url).searchParams.get('p'))", "query p"},

		// Functions that come from somewhere.
		{"let GET; GET = async (r) => r.headers.get('h'); export { GET }", "header h"},
		{"class H { static GET(r) { return this.load(r) } static load(r) { return r.headers.get('h') } }\nexport const GET = H.GET.bind(H)", "header h"},
		{"class H { handle = (r) => r.headers.get('h') }\nexport const GET = new H().handle", "header h"},
		{"class A { run(r) { return this.read(r) } }\nclass B extends A { read(r) { return r.headers.get('h') } }\nconst b = new B()\nexport const GET = (r) => b.run(r)", "header h"},
		{"const Mixin = (Base) => class extends Base { read(r) { return r.headers.get('h') } }\nclass A {}\nconst o = new (Mixin(A))()\nexport const GET = (r) => o.read(r)", "header h"},
		{"const api = { GET(r) { return this.load(r) }, load: (r) => r.headers.get('h') }\nexport const GET = (r) => api.GET(r)", "header h"},
		{"const handlers = { GET(r) { return r.headers.get('h') } }\nexport const { GET } = handlers", "header h"},
		{"const list = [(r) => r.headers.get('h')]\nexport const GET = (r) => list[0](r)", "header h"},
		{"const list = [a]\nlist.push((r) => r.headers.get('h'))\nexport const GET = (r) => list.map((f) => f(r))", "header h"},
		{"const o = {}\no.f = (r) => r.headers.get('h')\nexport const GET = (r) => o.f(r)", "header h"},
		{"const o = {}\no[name] = (r) => r.headers.get('h')\nexport const GET = (r) => o.f(r)", "header h"},
		{"function F(r) { this.r = r }\nexport const GET = (r) => new F(r).r.headers.get('h')", "header h"},
		{"export function GET(r) { return later(r) }\nconst later = (r) => r.headers.get('h')", "header h"},
		{"export const GET = (r) => walk(r, 100)\nfunction walk(r, n) { return n ? walk(r, n - 1) : r.headers.get('h') }", "header h"},
		{"export const GET = (r) => even(r, 9)\nconst even = (r, n) => n === 0 ? 1 : odd(r, n - 1)\nconst odd = (r, n) => r.headers.get('h') ?? even(r, n - 1)", "header h"},
		{"const deep = (f, n) => n ? deep(() => f(n), n - 1) : f()\nexport const GET = (r) => deep(() => r.headers.get('h'), 99)", "header h"},
		{"export const GET = memo((r) => r.headers.get('h'))\nfunction memo(f) { const seen = {}; return (...args) => seen[key(args)] ??= f(...args) }", "header h"},
		{"export const GET = Object.freeze({ run: (r) => r.headers.get('h') }).run", "header h"},
		{"export const GET = (r) => Reflect.apply(read, null, [r])\nfunction read(r) { return r.headers.get('h') }", "header h"},
		{"export const GET = (...all) => read(...all)\nconst read = ({ headers }) => headers.get('h')", "header h"},
		{"export function GET() { return arguments[0].headers.get('h') }", "header h"},
		{"export function GET() { return (() => arguments[0])().headers.get('h') }", "header h"},
		{"export const GET = async (r) => (await import('./other')).default(r)\n-- app/other.ts --\nexport default function (r) { return r.headers.get('h') }", "header h"},
		{"export { default as GET } from './other'\n-- app/other.ts --\nexport default async (r) => r.headers.get('h')", "header h"},
		{"import * as other from './other'\nexport const GET = (r) => other[name](r)\n-- app/other.ts --\nexport const read = (r) => r.headers.get('h')", "header h"},
		{"import { a } from './other'\nexport const GET = (r) => a(r)\nexport const b = (r) => r.headers.get('h')\n-- app/other.ts --\nimport { b } from './route'\nexport const a = (r) => b(r)", "header h"},
		{"const other = require('./other')\nexport const GET = (r) => other.read(r)\n-- app/other.js --\nmodule.exports = { read: (r) => r.headers.get('h') }", "header h"},

		// Where data goes.
		{"const store = {}\nexport const GET = (r) => { store.r = r; return load() }\nconst load = () => store.r.headers.get('h')", "header h"},
		{"import { store } from './store'\nimport { load } from './load'\nexport const GET = (r) => { store.r = r; return load() }\n-- app/store.ts --\nexport const store = {}\n-- app/load.ts --\nimport { store } from './store'\nexport const load = () => store.r.headers.get('h')", "header h"},
		{"export const GET = (r) => { globalThis.r = r; return load() }\nconst load = () => globalThis.r.headers.get('h')", "header h"},
		{"export const GET = (r) => { global.r = r; return load() }\nconst load = () => global.r.headers.get('h')", "header h"},
		{"export const GET = (r) => { current = r; return load() }\nconst load = () => current.headers.get('h')", "header h"},
		{"const m = new Map()\nexport const GET = (r) => { m.set('r', r); return m.get('r').headers.get('h') }", "header h"},
		{"export const GET = (r) => Object.assign({}, { r }).r.headers.get('h')", "header h"},
		{"export const GET = (r) => ({ ...{ r } }).r.headers.get('h')", "header h"},
		{"export const GET = (r) => { const { a: { b = r } = {} } = {}; return b.headers.get('h') }", "header h"},
		{"export const GET = (r) => { let a; [a] = [r]; return a.headers.get('h') }", "header h"},
		{"export const GET = (r) => { const o = {}; ({ r: o.x } = { r }); return o.x.headers.get('h') }", "header h"},
		{"export const GET = (r) => { const o = { get r() { return r } }; return o.r.headers.get('h') }", "header h"},
		{"export const GET = (r) => { const o = { set r(v) { this.x = v } }; o.r = r; return o.x.headers.get('h') }", "header h"},
		{"export const GET = (r) => { const o = Object.defineProperty({}, 'r', { get: () => r }); return o.r.headers.get('h') }", "header h"},
		{"class A { #r; constructor(r) { this.#r = r } get h() { return this.#r.headers.get('h') } }\nexport const GET = (r) => new A(r).h", "header h"},
		{"class A { set r(v) { this.x = v } }\nexport const GET = (r) => { const a = new A(); a.r = r; return a.x.headers.get('h') }", "header h"},
		{"export const GET = (r) => new Proxy(r, {}).headers.get('h')", "header h"},
		{"export const GET = (r) => Object.create(r).headers.get('h')", "header h"},
		{"export const GET = (r) => { for (const x of [r]) return x.headers.get('h') }", "header h"},
		{"export const GET = (r) => { for (const [, x] of Object.entries({ r })) return x.headers.get('h') }", "header h"},
		{"export const GET = (r) => new Set([r]).values().next().value.headers.get('h')", "header h"},
		{"export const GET = (r) => new Promise((ok) => ok(r)).then((x) => x.headers.get('h'))", "header h"},
		{"export const GET = async (r) => (await Promise.race([r])).headers.get('h')", "header h"},
		{"export const GET = async (r) => (await Promise.allSettled([r]))[0].value.headers.get('h')", "header h"},
		{"function* g(r) { yield r }\nexport const GET = (r) => [...g(r)][0].headers.get('h')", "header h"},
		{"function* g(r) { yield* [r] }\nexport const GET = (r) => { for (const x of g(r)) return x.headers.get('h') }", "header h"},
		{"export const GET = (r) => { try { throw r } catch (e) { return e.headers.get('h') } }", "header h"},
		{"export const GET = (r) => { try { check(r) } catch (e) { return e.request.headers.get('h') } }\nclass Refused extends Error { constructor(r) { super('no'); this.request = r } }\nconst check = (r) => { throw new Refused(r) }", "header h"},
		{"export const GET = (r) => check(r).catch((e) => e.r.headers.get('h'))\nconst check = async (r) => { throw { r } }", "header h"},
		{"export const GET = (r) => Promise.reject(r).catch((e) => e.headers.get('h'))", "header h"},
		{"export const GET = (r) => { label: while (true) { r.headers.get('h'); break label } }", "header h"},
		{"export const GET = (r, ctx, h = r.headers.get('h')) => h", "header h"},
		{"export const GET = ({ ['headers']: x }) => x.get('h')", "header h"},
		{"export const GET = ({ url, ...rest }) => rest.headers.get('h')", "header h"},
		{"export const GET = (r) => r['headers']['get']('h')", "header h"},
		{"export const GET = (r) => r[field].get('h')", "header h"},
		{"export const GET = (r) => Reflect.get(r, 'headers').get('h')", "header h"},
		{"export const GET = (r) => ['h'].map(r.headers.get, r.headers)", "header h"},
		{"export const GET = (r) => { const { get } = r.headers; return get.call(r.headers, 'h') }", "header h"},
		{"export const GET = (r) => r.headers.get?.('h')", "header h"},
		{"export const GET = (r) => r.headers.get('H'.toLowerCase())", "header h"},
		{"export const GET = (r) => r.headers.get(String.raw`h`)", "header h"},
		{"export const GET = (r) => [...r.headers].find(([k]) => k === 'h')", "header h"},
		{"export const GET = (r) => Object.fromEntries(r.headers).h", "header h"},
		{"export const GET = (r) => { const { h } = Object.fromEntries(r.headers.entries()); return h }", "header h"},
		{"export const GET = (r) => { for (const k in Object.fromEntries(r.headers)) return k }", "header h"},
		{"export const GET = (r) => r.headers.forEach((v, k) => v)", "header h"},
		{"export const GET = (r) => new Headers(r.headers).get('h')", "header h"},
		{"export const GET = (r) => new Headers({ ...Object.fromEntries(r.headers) }).get('h')", "header h"},
		{"export const GET = (r) => new Request(r, { method: 'POST' }).headers.get('h')", "header h"},
		{"export const GET = (r) => r.clone().headers.get('h')", "header h"},
		{"export const GET = (r) => eval('r.headers.get(\"h\")')", "header h"},
		{"export const GET = (r) => { setTimeout(() => r.headers.get('h'), 10) }", "header h"},
		{"export const GET = (r) => new Response(new ReadableStream({ async start(c) { c.enqueue(r.headers.get('h')) } }))", "header h"},
		{"export const GET = (r) => unseen(function () { return r.headers.get('h') })", "header h"},
		{"export const GET = (r) => unseen({ cb: { deep: [() => r.headers.get('h')] } })", "header h"},
		{"export const GET = (r) => unseen(class { run() { return r.headers.get('h') } })", "header h"},
		{"export const GET = (r) => { unseen.field = () => r.headers.get('h') }", "header h"},

		{"export const GET = (r) => { setTimeout(() => later.get('h'), 10); const later = r.headers }", "header h"},
		{"export const GET = (r) => { queue.push(() => current.headers.get('h')); current = r; return queue.map((f) => f()) }\nconst queue = []\nlet current", "header h"},

		// What the language calls by itself.
		{"export const GET = (r) => { const it = { *[Symbol.iterator]() { yield r } }; for (const x of it) return x.headers.get('h') }", "header h"},
		{"class It { constructor(r) { this.f = () => r } *[Symbol.iterator]() { yield this.f() } }\nexport const GET = (r) => [...new It(r)][0].headers.get('h')", "header h"},
		{"class A { [name](r) { return r.headers.get('h') } [other]() {} }\nexport const GET = (r) => new A().go(r)", "header h"},
		{"export const GET = (r) => { const it = { [Symbol.iterator]() { return { next: () => ({ done: false, value: r }) } } }; for (const x of it) return x.headers.get('h') }", "header h"},
		{"export const GET = (r) => { const o = { toString() { return r.headers.get('h') } }; return new Response(`${o}`) }", "header h"},
		{"class A { constructor(r) { this.f = () => r } toString() { return this.f().headers.get('h') } }\nexport const GET = (r) => new Response('a' + new A(r))", "header h"},
		{"export const GET = (r) => { const o = { [Symbol.toPrimitive]: () => r.headers.get('h') }; return new Response(String(o)) }", "header h"},
		{"export const GET = (r) => { const o = { then(ok) { ok(r) } }; return o.then((x) => x.headers.get('h')) }", "header h"},
		{"export const GET = async (r) => { const x = await { then(ok) { ok(r) } }; return x.headers.get('h') }", "header h"},

		// Objects that other code changes.
		{"function F() {}\nF.prototype.run = function (r) { return r.headers.get('h') }\nexport const GET = (r) => { const { run } = new F(); return run(r) }", "header h"},
		{"function F() {}\nF.prototype.run = function (r) { return r.headers.get('h') }\nexport const GET = (r) => new F().run(r)", "header h"},
		{"const o = {}\nunseen(o)\nexport const GET = (r) => { const { run } = o; return run(r) }", "header h"},
		{"const list = []\nunseen(list)\nexport const GET = (r) => { for (const f of list) f(r) }", "header h"},
		{"const o = { inner: {} }\nunseen(o)\nexport const GET = (r) => (0, o.inner.run)(r)", "header h"},
		{"Request.prototype.tenant = function () { return this.headers.get('h') }\nexport const GET = (r) => r.tenant()", "header h"},
		{"import './patch'\nexport const GET = (r) => r.headers.tenant()\n-- app/patch.ts --\nHeaders.prototype.tenant = function () { return this.get('h') }", "header h"},
		{"export const GET = (r) => { Object.setPrototypeOf(o, { run: () => r.headers.get('h') }); return o.run() }\nconst o = {}", "header h"},

		// Names that mean something else elsewhere.
		{"const r = 1\nexport const GET = (r) => { { const r = 2 } return r.headers.get('h') }", "header h"},
		{"export const GET = (r) => { try { f() } catch (r) {} return r.headers.get('h') }", "header h"},
		{"export const GET = (r) => { for (const r of []) {} return (r).headers.get('h') }", "header h"},
		{"export const GET = (r) => { const f = (r = r2) => r; var r2 = r; return f().headers.get('h') }", "header h"},
		{"export const GET = (r) => { if (x) { var q = r } return q.headers.get('h') }", "header h"},
		{"export const GET = (r) => { const inner = () => { const r = 5; return r }; return (inner(), r).headers.get('h') }", "header h"},
		{"export const GET = (r) => { q = r; var q; return q.headers.get('h') }", "header h"},
		{"export const GET = (r) => ((x) => x)(r).headers.get('h')", "header h"},
		{"export const GET = (r) => (async (x) => x)(r).then((y) => y.headers.get('h'))", "header h"},
		{"export const GET = (r) => { switch (1) { case 1: { let q = r; return q.headers.get('h') } } }", "header h"},
		{"export const GET = (r) => { const { headers: Headers } = r; return Headers.get('h') }", "header h"},
		{"export const GET = (URL) => { const { headers } = URL; { const headers = 1 } return headers.get('h') }", "header h"},
		{"const cookies = 1\nexport const GET = (r) => { const [cookies] = [r]; return cookies.headers.get('h') }", "header h"},
		{"export const GET = (r) => { let MANY; v23 = r; return (() => { let MANY2; return v23.headers.get('h') })() }", "header h"},
		{"export const GET = (r) => { let MANY; { let MANY; v7 = r; return (() => v7.headers.get('h'))() } }", "header h"},

		// next/headers, out of sight.
		{"import { headers as h } from 'next/headers'\nexport const GET = async () => (await h()).get('h')", "header h"},
		{"import * as n from 'next/headers'\nconst { headers } = n\nexport const GET = async () => (await headers()).get('h')", "header h"},
		{"import n from 'next/headers'\nexport const GET = async () => (await n.headers()).get('h')", "header h"},
		{"export * from 'next/headers'\nexport const GET = async () => (await import('./route')).headers().then((x) => x.get('h'))", "header h"},
		{"import { h } from './other'\nexport const GET = async () => (await h()).get('h')\n-- app/other.ts --\nexport { headers as h } from 'next/headers'", "header h"},
		{"import { h } from './other'\nexport const GET = async () => (await h()).get('h')\n-- app/other.ts --\nimport { headers } from 'next/headers'\nexport { headers as h }", "header h"},
		{"import { headers } from 'next/headers'\nexport const GET = () => unseen(headers)", "header h"},
		{"import { headers } from 'next/headers'\nconst api = unseen({ token: () => headers().get('h') })\nexport const GET = () => api.list()", "header h"},
		{"import { headers } from 'next/headers'\nconst api = unseen({ token: () => headers().get('h') })\nexport const GET = () => unseen2(api)", "header h"},
		{"import { headers } from 'next/headers'\nimport { cache } from 'react'\nconst read = cache(async () => (await headers()).get('h'))\nexport const GET = () => read()", "header h"},
		{"import { headers } from 'next/headers'\nconst o = { async *[Symbol.asyncIterator]() { yield (await headers()).get('h') } }\nexport const GET = () => unseen(o)", "header h"},
		{"import { headers } from 'next/headers'\nconst value = compute()\nfunction compute() { return unseen(() => headers().get('h')) }\nexport const GET = () => compute()", "header h"},
		{"import { auth } from './auth'\nexport const GET = async () => auth()\n-- app/auth.ts --\nimport NextAuth from 'next-auth'\nexport const { auth } = NextAuth({})", "cookie *"},
		{"import { currentUser } from '@clerk/nextjs/server'\nexport const GET = async () => Response.json(await currentUser())", "cookie *"},
		{"import { getUser } from '@acme/auth'\nexport const GET = () => getUser()", "cookie *"},
		{"import { getUser } from '../../outside/auth'\nexport const GET = () => getUser()", "cookie *"},
		{"import { getUser } from './broken'\nexport const GET = () => getUser()\n-- app/broken.ts --\nexport const = 1", "cookie *"},

		// Other kinds.
		{"export const GET = (r) => r.cookies.getAll()", "cookie *"},
		{"export const GET = (r) => r.cookies.get({ name: 'c' })", "cookie c"},
		{"export const GET = (r) => r.cookies.toString()", "cookie *"},
		{"export const GET = (r) => r.cookies.size", "cookie *"},
		{"export const GET = (r) => r.headers.get('Cookie')", "cookie *"},
		{"export const GET = (r) => r.headers.get('x-real-ip')", "client "},
		{"export const GET = (r) => r.ip", "client "},
		{"export const POST = async (r) => { for await (const c of r.body) return c }", "body "},
		{"export const POST = async (r) => r.json?.()", "body "},
		{"export const POST = async (r) => { const { json } = r; return json.call(r) }", "body "},
		{"import { draftMode } from 'next/headers'\nexport const GET = async () => { const { isEnabled } = await draftMode(); return isEnabled }", "draft "},
		{"export const GET = (r) => r.nextUrl.searchParams.size", "query *"},
		{"export const GET = (r) => r.method === 'GET' && r.headers.get('h')", "header h"},
		{"export const GET = (r) => { if (r.method !== 'POST') return r.headers.get('h') }", "header h"},
		{"export const GET = (r) => { switch (r.method) { case 'POST': case 'GET': return r.headers.get('h') } }", "header h"},
		{"export const GET = (r) => { switch (r.method) { case 'POST': a(); default: return r.headers.get('h') } }", "header h"},
		{"export const GET = (r) => ({ GET: (r) => r.headers.get('h') })[r.method](r)", "header h"},
		{"export const GET = (r) => r.method.toLowerCase() === 'get' ? r.headers.get('h') : 0", "header h"},
	} {
		test.code = strings.NewReplacer("MANY2", strings.ReplaceAll(manyNames, "v", "w"), "MANY", manyNames).Replace(test.code)
		root := fstest.MapFS{"package.json": {Data: []byte(`{"dependencies":{"next":"16.4.6"}}`)}}
		name := "app/route.ts"
		for part := range strings.SplitSeq("-- app/route.ts --\n"+test.code, "-- ") {
			if file, text, ok := strings.Cut(part, " --\n"); ok {
				root[file] = &fstest.MapFile{Data: []byte(text)}
			}
		}
		code := readHandler(newSources(root), name, 16)
		if code.unreadable != nil || len(code.methods) == 0 {
			t.Errorf("%s\n%v", test.code, code.unreadable)
		}
		for _, m := range code.methods {
			if got := factsOf(m.reads); !covers(got, test.facts) {
				t.Errorf("%s\nreported %q, and not %q", test.code, got, test.facts)
			}
		}
	}
}

// TestNoReadWithoutCause holds the other side: what is no read is not reported.
func TestNoReadWithoutCause(t *testing.T) {
	for _, code := range []string{
		"export const GET = (r) => Response.json({ method: r.method, path: r.nextUrl.pathname })",
		"export const GET = (r) => Response.redirect(new URL('/login', r.url))",
		"export const GET = (r) => Response.redirect(new URL(`/login/${next}`, r.url))",
		"export const GET = (r) => { if (!r || r.url === undefined) return; return Response.json(typeof r.url) }",
		"export const GET = async (_, { params }) => Response.json((await params).id)",
		"export const GET = async (r, ctx) => { const { id } = await ctx.params; return unseen(id, ctx) }",
		"export const GET = (r) => r.headers.get('host')",
		"import { unstable_cache } from 'next/cache'\nconst f = unstable_cache(async () => unseen(), ['k'])\nexport const GET = () => f()",
		"import { z } from 'zod'\nconst s = z.object({ a: z.string() })\nexport const GET = () => Response.json(s.parse({ a: 'b' }))",
		"import fs from 'node:fs/promises'\nexport const GET = async () => new Response(await fs.readFile('x'))",
		"import { headers } from 'next/headers'\nconst unused = () => headers().get('h')\nexport const GET = () => Response.json(1)",
		"import { headers } from 'next/headers'\nconst api = unseen({ token: () => headers().get('h') })\nexport const GET = () => Response.json(1)\nexport const POST = () => 1",
		"export const GET = (r) => { switch (r.method) { case 'POST': return r.json(); default: return 1 } }",
		"export const GET = (r) => r.method === 'POST' ? r.json() : 1",
	} {
		root := fstest.MapFS{
			"package.json": {Data: []byte(`{"dependencies":{"next":"16.4.6","zod":"4.0.0"}}`)},
			"app/route.ts": {Data: []byte(code)},
		}
		got := readHandler(newSources(root), "app/route.ts", 16)
		for _, method := range sortedKeys(got.methods) {
			facts := slices.DeleteFunc(factsOf(got.methods[method].reads), func(f string) bool { return method != "GET" })
			if len(facts) > 0 {
				t.Errorf("%s\nreported %q: %v", code, facts, got.methods[method].reads)
			}
		}
	}
}
