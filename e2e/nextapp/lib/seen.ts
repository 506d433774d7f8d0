// seen is everything of a request that a handler can read: the test compares
// it with what the policy lets through.
export function seen(request: Request) {
  return {
    method: request.method,
    url: request.url,
    headers: Object.fromEntries([...request.headers].sort()),
  }
}
