/**
 * Pages of other origins that call this server from a browser (the Fetch standard, "CORS protocol"). Only for routes whose requests are
 * signed: no cookie carries authority, so a page can do nothing here that its own key does not allow (decision 14).
 */
import type { ProtocolHandler, WireHeaders, WireReply, WireRequest } from './http/wire.ts'

/** `*` for every origin, `none` for no other than the server's own. */
export type CorsOrigins = readonly string[]

/** What a page may read of a reply beside what the Fetch standard lets it read always. Date is how the AWS SDK sets its clock right. */
const EXPOSED = [
  'x-amzn-RequestId',
  'x-amzn-ErrorType',
  'x-hilum-columns',
  'x-hilum-explain',
  'x-hilum-progress',
  'x-hilum-rows',
  'x-hilum-skipped-resolutions',
  'x-hilum-total-count',
  'Content-Encoding',
  'Content-Length',
  'Content-Type',
  'Date',
  'ETag',
  'Retry-After',
].join(', ')

/** Chromium keeps an answer no longer. */
const PREFLIGHT_KEPT_SECONDS = 7_200

interface Cors {
  /** The reply of the door, or to the question that a browser asks before a request (a preflight). */
  answer(request: WireRequest, handler: ProtocolHandler): Promise<WireReply>
  /** The reply, with what lets a page read it. Without headers where the request could not be read. */
  readable(reply: WireReply, requestHeaders?: WireHeaders): WireReply
}

export function corsFor(origins: CorsOrigins): Cors {
  const isOpen = origins.includes('*')
  if (origins.includes('none')) return { answer: (request, handler) => handler(request), readable: (reply) => reply }

  /** Undefined where the origin is not allowed. */
  function allowOrigin(origin: string | undefined): string | undefined {
    if (isOpen) return '*'
    return origin !== undefined && origins.includes(origin) ? origin : undefined
  }

  function readable(reply: WireReply, requestHeaders?: WireHeaders): WireReply {
    if (isOpen && requestHeaders !== undefined && requestHeaders.origin === undefined) return reply
    const allowed = allowOrigin(requestHeaders?.origin)
    const cors = {
      // Also to who is not allowed, and who sent no origin: a cache must not give them the reply for another.
      ...(!isOpen && { Vary: 'Origin' }),
      ...(allowed !== undefined && {
        'Access-Control-Allow-Origin': allowed,
        'Access-Control-Expose-Headers': EXPOSED,
      }),
    }
    return { ...reply, headers: { ...reply.headers, ...cors } }
  }

  function preflight({ headers }: WireRequest): WireReply {
    const allowed = allowOrigin(headers.origin)
    const vary = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'
    if (allowed === undefined) {
      const body = 'This origin is not among those that --cors-origin allows.\n'
      return { status: 403, headers: { 'Content-Type': 'text/plain; charset=utf-8', Vary: vary }, body }
    }
    const asked = headers['access-control-request-headers']
    return {
      status: 204,
      headers: {
        'Access-Control-Allow-Origin': allowed,
        'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE',
        // A wildcard does not stand for Authorization, and every header may be one that is signed.
        ...(asked !== undefined && { 'Access-Control-Allow-Headers': asked }),
        ...(headers['access-control-request-private-network'] === 'true' && {
          'Access-Control-Allow-Private-Network': 'true',
        }),
        'Access-Control-Max-Age': String(PREFLIGHT_KEPT_SECONDS),
        Vary: vary,
      },
      body: '',
    }
  }

  return {
    readable,
    async answer(request, handler) {
      const { method, headers } = request
      const isPreflight =
        method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined
      return isPreflight ? preflight(request) : readable(await handler(request), headers)
    },
  }
}
