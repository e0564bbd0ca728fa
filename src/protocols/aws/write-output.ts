/**
 * Writes the output of an operation as the contract says: members to headers, body or payload. JSON is never compressed: the AWS SDK for
 * C++ reads a compressed body as an empty one.
 */
import { type OperationName, operations, type Returned } from '../../contract/operations.ts'
import { type Bytes, Lasting, memberOf, type StructureShape, structure } from '../../contract/shapes.ts'
import type { WireReply } from '../http/wire.ts'
import { JsonBody } from './json-body.ts'
import { structureWriter } from './write-value.ts'

/** Compiled once per operation, when the server starts. */
export function outputWriter<N extends OperationName>(operation: N): (output: Returned<N>) => WireReply {
  const { success, output: shape }: { success: number; output: StructureShape } = operations[operation]
  const members = Object.entries(shape.members).map(([name, member]) => ({ name, ...memberOf(member) }))
  const inBody = members.filter(({ place }) => place.in === 'body')
  const writeBody = structureWriter(structure(Object.fromEntries(inBody.map((member) => [member.name, member]))))
  const payload = members.find(({ place }) => place.in === 'payload')
  const headers = members.flatMap(({ name, place }) => (place.in === 'header' ? [{ name, header: place.name }] : []))

  function wholeBody(output: object): string | Uint8Array {
    const body = new JsonBody()
    writeBody(output as never, body)
    return body.whole()
  }

  /** The same bytes each time, without a copy. */
  function lastingBody(output: Lasting<object>): Uint8Array {
    output.json ??= Buffer.from(wholeBody(output.structure) as Uint8Array)
    return output.json
  }

  return (output) => {
    if (success === 204) return { status: success, headers: {}, body: '', operation }
    if (payload === undefined) {
      const body = output instanceof Lasting ? lastingBody(output) : wholeBody(output)
      return { status: success, headers: { 'Content-Type': 'application/json' }, body, operation }
    }
    const values = output as Readonly<Record<string, unknown>>
    const replyHeaders: Record<string, string> = { 'Content-Type': 'application/octet-stream' }
    for (const { name, header } of headers) {
      const value = values[name]
      if (value !== undefined) replyHeaders[header] = value as string
    }
    return bytesReply(values[payload.name] as Bytes, { status: success, headers: replyHeaders, operation })
  }
}

/** A reply with bytes as its body, and their length where it is known. */
export function bytesReply(bytes: Bytes, head: Pick<WireReply, 'status' | 'headers' | 'operation'>): WireReply {
  if ('lent' in bytes) return { ...head, body: bytes.lent, onDone: () => bytes.giveBack() }
  if (!('sizeBytes' in bytes)) return { ...head, body: bytes }
  return { ...head, headers: { ...head.headers, 'Content-Length': String(bytes.sizeBytes) }, body: bytes.bytes }
}
