import { edition } from '../../lib/news'

export const revalidate = 3600

export default async function News() {
  return <h1>News, edition {await edition()}</h1>
}
