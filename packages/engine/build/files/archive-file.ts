/** Which files are archives. */
import type { Readable } from 'node:stream'
import { type ByteStream, decompress, isTarHeader } from '@gantry/oci'

const blockSize = 512

/** Whether what is read begins with the header of a tar archive once it is uncompressed: its checksum tells. */
export async function beginsAsArchive(file: Readable): Promise<boolean> {
  let stream: ByteStream
  try {
    ;({ stream } = await decompress(file))
  } catch {
    file.destroy()
    return false // what cannot be read is a file like others
  }
  let head = Buffer.alloc(0)
  try {
    for await (const chunk of stream) {
      head = Buffer.concat([head, chunk])
      if (head.length >= blockSize) break
    }
  } catch {
    return false
  } finally {
    stream.destroy()
  }
  return isTarHeader(head)
}
