/**
 * An HTTP request and reply as plain values. Every door is a function from one to the other, so that a test needs no socket.
 */
import type { HttpRefusal } from './http-refusal.ts'

export interface WireRequest {
  readonly method: string
  /** Path and query in the bytes the client sent (origin-form, RFC 9112 3.2.1): signatures are made over them. */
  readonly target: string
  readonly headers: WireHeaders
  /** The values, in their order, of each header that came more than once; absent where none did. */
  readonly repeatedHeaders?: ReadonlyMap<string, readonly string[]>
  readonly body: RequestBody
  /** Where the connection comes from; a proxy's own address where there is one. */
  readonly remoteAddress?: string | undefined
}

/** By lower-case name; repeated ones joined by a comma. */
export type WireHeaders = Readonly<Record<string, string>>

/** Still with the client until it is read, which a door does once it knows the caller. */
export interface RequestBody {
  /** The whole body, to be read at most once. Throws an HttpRefusal where it is larger, or where the server has no memory for it. */
  read(limitBytes: number): Promise<Uint8Array>
}

export interface WireReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>
  /** Told once nobody needs the body any more, whether it was sent or not. */
  readonly onDone?: () => void
  /** What was asked, in the API's word, for the access log. */
  readonly operation?: string
}

export type ProtocolHandler = (request: WireRequest) => Promise<WireReply>

/** Writes what never reaches a door. Without headers where the request could not be read. */
export type WriteRefusal = (refusal: HttpRefusal, headers?: WireHeaders) => WireReply

/** The raw path and the raw query of an origin-form target. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}
