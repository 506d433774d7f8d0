// Visits the application in headless Chromium, as a person does: documents, the
// links between them, reloads, back and forward, a form, draft mode. Says as JSON
// what was shown, answered and complained of.
//
// usage: node browser.mjs CHROMIUM URL DIRECTORY, the last for screenshots.
import { chromium } from 'playwright-core'

const [executablePath, site, shots] = process.argv.slice(2)

const pages = [['Home', '/'], ['News', '/news'], ['First', '/news/first'], ['Drafts', '/drafts'], ['Guestbook', '/guestbook'], ['Gallery', '/gallery']]

// What is on its way, and when something of it began or ended last.
const open = new Set()
let last = Date.now()

const report = { shown: [], answers: [], complaints: [] }
// As root, as which CI runs, Chromium has no sandbox. It sees this site alone.
const patience = 120_000 // the machine of a test is busy
const browser = await chromium.launch({ executablePath, timeout: patience, args: ['--no-sandbox', '--disable-gpu'] })
try {
  const page = await browser.newPage({ baseURL: site, viewport: { width: 800, height: 300 } })
  page.setDefaultTimeout(patience)
  listen(page)
  await read(page)
  await sign(page)
  await edit(page)
  // What is still on its way when the browser is closed was not answered.
  report.answers = (await Promise.allSettled(report.answers)).filter((a) => a.status === 'fulfilled').map((a) => a.value)
} finally {
  await browser.close()
}
console.log(JSON.stringify(report))

// listen notes what the page says and what it is given.
function listen(page) {
  page.on('console', (message) => {
    // That a page takes its time to use what it has loaded is said of a busy machine.
    if (message.text().includes('was preloaded using link preload but not used')) return
    if (['error', 'warning'].includes(message.type())) report.complaints.push(`${message.type()}: ${message.text()}`)
  })
  page.on('request', (request) => { open.add(request); last = Date.now() })
  for (const end of ['requestfinished', 'requestfailed']) {
    page.on(end, (request) => { open.delete(request); last = Date.now() })
  }
  page.on('framenavigated', () => open.clear())
  page.on('pageerror', (error) => report.complaints.push(`error: ${error.stack}`))
  page.on('requestfailed', (request) => {
    // The router gives up what it prefetches when it goes elsewhere.
    const why = request.failure().errorText
    if (why !== 'net::ERR_ABORTED') report.complaints.push(`${request.url()}: ${why}`)
  })
  page.on('requestfinished', (request) => { report.answers.push(answerOf(request)) })
}

async function answerOf(request) {
  const response = await request.response()
  const headers = request.headers()
  const { responseBodySize, responseHeadersSize } = await request.sizes()
  return {
    url: response.url().slice(site.length), status: response.status(), kind: request.resourceType(),
    rsc: headers['rsc'] !== undefined, part: headers['next-router-segment-prefetch'] ?? '',
    type: response.headers()['content-type'] ?? '', cache: response.headers()['cache-status'] ?? '',
    bytes: responseBodySize + responseHeadersSize,
  }
}

// rest waits until what the page has asked for in the end is there, but not for
// long: what the router gave up never comes.
async function rest(page) {
  const quiet = 150
  for (const until = Date.now() + 3000; Date.now() < until && (open.size > 0 || Date.now() - last < quiet); ) {
    await page.waitForTimeout(quiet / 3)
  }
}

// look notes what stands on the page.
async function look(page, way, name) {
  const h1 = page.locator('h1')
  await h1.waitFor()
  await rest(page)
  report.shown.push({
    way, url: page.url().slice(site.length), title: await h1.innerText(),
    type: await page.evaluate(() => document.contentType),
  })
  if (name) await page.screenshot({ path: `${shots}/${name}.png` })
}

// read goes to every page in every way.
async function read(page) {
  await page.goto('/')
  await look(page, 'document')
  for (const [link, path] of pages.slice(1)) {
    await page.getByRole('link', { name: link, exact: true }).click()
    await page.waitForURL(`${site}${path}`)
    await look(page, 'link', `${link.toLowerCase()}-by-link`)
    await page.reload()
    await look(page, 'reload')
  }
  for (let i = pages.length - 2; i >= 0; i--) {
    await page.goBack()
    await page.waitForURL(`${site}${pages[i][1]}`)
    await look(page, 'back')
  }
  await page.goForward()
  await page.waitForURL(`${site}${pages[1][1]}`)
  await look(page, 'forward')
  for (const [link, path] of pages) {
    await page.goto(path)
    await look(page, 'document', link.toLowerCase())
  }
}

// sign uses a server action.
async function sign(page) {
  await page.goto('/guestbook')
  const name = `visitor of ${new URL(site).port}`
  await page.getByLabel('name').fill(name)
  await page.getByRole('button', { name: 'Sign' }).click()
  await page.locator('h1', { hasText: name }).waitFor() // not the announcer of routes, which may say the same
  await look(page, 'action', 'guestbook-signed')
}

// edit looks at a page as an editor does, and again as everybody.
async function edit(page) {
  await page.evaluate(() => fetch('/api/draft', { method: 'POST' }))
  await page.goto('/drafts')
  await look(page, 'draft', 'drafts-of-the-editor')
  await page.getByRole('link', { name: 'Home' }).click()
  await page.waitForURL(`${site}/`)
  await page.getByRole('link', { name: 'Drafts' }).click()
  await page.waitForURL(`${site}/drafts`)
  await look(page, 'draft')
  await page.context().clearCookies()
  await page.goto('/drafts')
  await look(page, 'public')
}
