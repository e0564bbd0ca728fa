/** An HTTP request and reply as plain values. A protocol handler is a function from one to the other; a test needs no socket. */
import type { HttpRefusal } from './http-refusal.ts'

export interface WireRequest {
  readonly method: string
  /** Path and query as sent (origin-form, RFC 9112 3.2.1): the signature covers these bytes. */
  readonly target: string
  readonly headers: WireHeaders
  /** The values, in order, of each header that was sent more than once; absent where none was. */
  readonly repeatedHeaders?: ReadonlyMap<string, readonly string[]> | undefined
  readonly body: RequestBody
  /** The address of the client: the peer's, or what a trusted proxy says. */
  readonly remoteAddress?: string | undefined
  /** The client used TLS, to this server or to a trusted proxy. */
  readonly isSecure?: boolean | undefined
  /** A proxy forwarded it, trusted or not. */
  readonly isForwarded?: boolean | undefined
  /** By a proxy that the operator trusts. */
  readonly isFromTrustedProxy?: boolean | undefined
}

/** By lower-case name; repeated headers are joined by a comma. */
export type WireHeaders = Readonly<Record<string, string>>

/**
 * The body of a request, unread. The client is asked for it (`100 Continue`) when a protocol handler reads it, which it does once the
 * caller is known. `read` or `stream` is called at most once. Both throw an HttpRefusal for a body that is larger than the route accepts.
 */
export interface RequestBody {
  /**
   * The whole body in memory; without a promise where it has arrived. Also refused where all bodies in memory together would exceed their
   * limit.
   */
  read(limitBytes: number): Uint8Array | Promise<Uint8Array>
  /**
   * The body chunk by chunk, received no faster than it is consumed: for routes whose bodies do not fit into memory.
   * @param times.idleMs the longest wait for the next byte. @param times.totalMs from the first wait to the end
   */
  stream(limitBytes: number, times: { readonly idleMs: number; readonly totalMs: number }): AsyncIterable<Uint8Array>
}

export interface WireReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A list is sent as one body, without copying. */
  readonly body: string | Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>
  /** Called once the body is no longer needed, whether it was sent or not. */
  readonly onDone?: () => void
  /** For the access log: the operation or route, and the id that the protocol gave the request. */
  readonly operation?: string
  readonly requestId?: string
}

export type ProtocolHandler = (request: WireRequest) => Promise<WireReply>

/** Writes the refusal of a request that reaches no protocol handler. `headers` is undefined where they could not be read. */
export type WriteRefusal = (refusal: HttpRefusal, headers?: WireHeaders) => WireReply

/** The raw path and the raw query of an origin-form target. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}
