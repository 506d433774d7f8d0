// The origin of http-cache-tests, on a port of the system's choice on the
// loopback: its own server.mjs listens on all interfaces, on a port it is told.
// Prints {"url": …} when it is ready.
import http from 'node:http'
import handleConfig from 'http-cache-tests/server/handle-config.mjs'
import handleState from 'http-cache-tests/server/handle-state.mjs'
import handleTest from 'http-cache-tests/server/handle-test.mjs'

const handlers = { config: handleConfig, state: handleState, test: handleTest }

const server = http.createServer((request, response) => {
  const [name, ...rest] = new URL(request.url, 'http://origin').pathname.slice(1).split('/')
  if (!(name in handlers)) {
    response.statusCode = 404
    response.end()
    return
  }
  handlers[name](rest, request, response)
})

server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }))
})
