import type { CacheHandlerClass } from './index.js'

/** Next.js's own cache handler, with its tags and revalidations told to edge. */
declare const handler: CacheHandlerClass
export = handler
