/** A request body for a protocol handler that is called without a socket. */
import { HttpRefusal } from './http-refusal.ts'
import type { RequestBody } from './wire.ts'

export interface BodyFixture extends RequestBody {
  readonly bytes: Uint8Array
  /** How often it was read. */
  reads: number
}

export function bodyOf(bytes: Uint8Array | string = ''): BodyFixture {
  const body: BodyFixture = {
    bytes: Buffer.from(bytes as string),
    reads: 0,
    async read(limitBytes) {
      body.reads += 1
      if (body.bytes.length > limitBytes) throw new HttpRefusal(413, 'too large')
      return body.bytes
    },
    async *stream(limitBytes) {
      yield await body.read(limitBytes)
    },
  }
  return body
}
