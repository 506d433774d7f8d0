export async function GET(request: Request) {
  throw new Error(`thrown by ${request.method}`)
}
