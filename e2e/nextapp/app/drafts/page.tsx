import { draftMode } from 'next/headers'

export const revalidate = 3600

export default async function Drafts() {
  const { isEnabled } = await draftMode()
  return <h1>{isEnabled ? 'What nobody may see yet' : 'What everybody may see'}</h1>
}
