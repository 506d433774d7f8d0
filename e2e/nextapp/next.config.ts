import type { NextConfig } from 'next'

const config: NextConfig = {
  poweredByHeader: false,
  cacheHandler: require.resolve('edge-cache/handler'),
  async rewrites() {
    return [{ source: '/latest/:slug', destination: '/news/:slug' }]
  },
}

export default config
