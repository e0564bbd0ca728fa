/**
 * An HTTP request and reply as plain values. Every door is a function from one to the other, so that a test needs no socket.
 */

export interface WireRequest {
  readonly method: string
  /** Path and query in the bytes the client sent (origin-form, RFC 9112 3.2.1): signatures are made over them. */
  readonly target: string
  /** By lower-case name; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Where the connection comes from; a proxy's own address where there is one. */
  readonly remoteAddress?: string | undefined
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

export type Door = (request: WireRequest) => Promise<WireReply>

/** The raw path and the raw query of an origin-form target. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}
