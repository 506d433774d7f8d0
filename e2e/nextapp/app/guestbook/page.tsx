import { revalidatePath } from 'next/cache'

export const revalidate = 3600

const store = globalThis as typeof globalThis & { guests?: string[] }
const guests = (store.guests ??= [])

async function sign(form: FormData) {
  'use server'
  guests.push(String(form.get('name')))
  revalidatePath('/guestbook')
}

export default function Guestbook() {
  return (
    <>
      <h1>Guests: {guests.join(', ') || 'none'}</h1>
      <form action={sign}>
        <input name="name" aria-label="name" />
        <button>Sign</button>
      </form>
    </>
  )
}
