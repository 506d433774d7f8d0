const parts = ['one\n', 'two\n', 'three\n']

export async function GET() {
  const encoder = new TextEncoder()
  const body = new ReadableStream({
    async start(controller) {
      for (const part of parts) {
        controller.enqueue(encoder.encode(part))
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      controller.close()
    },
  })
  return new Response(body, { headers: { 'Content-Type': 'text/plain' } })
}
