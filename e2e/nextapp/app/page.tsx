export default function Page() {
  return <h1>An ordinary page</h1>
}
