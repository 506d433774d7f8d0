import Image from 'next/image'

export default function Gallery() {
  return (
    <>
      <h1>Gallery</h1>
      <Image src="/dot.png" width={64} height={64} alt="a dot" />
    </>
  )
}
