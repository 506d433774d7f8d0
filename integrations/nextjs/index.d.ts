/** What Next.js calls (cacheHandler in next.config). */
export interface CacheHandler {
  get(key: string, ...rest: any[]): Promise<any>
  set(key: string, data: any, ...rest: any[]): Promise<void>
  revalidateTag(tags: string | string[], durations?: { expire?: number }): Promise<void>
  resetRequestCache?(): void
}

export type CacheHandlerClass = new (context: any) => CacheHandler

/** Everything has a default, and an environment variable that counts where it is not given. */
export interface Options {
  /** The admin addresses of all edges that do not share an invalidation log. EDGE_URL, separated by commas; "http://127.0.0.1:9090". An empty list sends nothing. */
  urls?: string[]
  /** The admin token. EDGE_ADMIN_TOKEN. */
  token?: string
  /** When a purge counts as done: "local", or with a fleet "accepted" or "fleet". EDGE_WAIT; "local". */
  wait?: 'local' | 'accepted' | 'fleet'
  /** How many milliseconds a revalidation waits for edge. Then it goes on, and edge is told later. EDGE_PATIENCE; 1000. */
  patience?: number
  /** The Redis or Valkey server on which replicas tell each other what they revalidate: "redis://user:password@host:6379/0", "rediss:" with TLS. EDGE_REDIS; "" for none. */
  redis?: string
  /** The key of the stream on that server. EDGE_REDIS_KEY; "{edge}:revalidated". */
  key?: string
  /** The response field that carries tags; one of the route's tag_headers. EDGE_TAG_HEADER; "cache-tag". */
  header?: string
}

/** Wraps a class of cache handlers: its tags and its revalidations reach edge. */
export function wrap(handler: CacheHandlerClass, options?: Options): CacheHandlerClass
