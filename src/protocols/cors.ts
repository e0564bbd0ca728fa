/**
 * Cross-origin requests from browsers (the Fetch standard, "CORS protocol"), for signed routes only: without cookies, a page can do nothing
 * that its own access key does not allow (decision 14).
 */
import type { ProtocolHandler, WireHeaders, WireReply, WireRequest } from './http/wire.ts'

/** Allowed origins; or `*` alone for every origin, or `none` alone. */
export type CorsOrigins = readonly string[]

/** Reply headers that a page may read beside those that the Fetch standard allows. The AWS SDK corrects its clock by Date. */
const EXPOSED = [
  'x-amzn-RequestId',
  'x-amzn-ErrorType',
  'x-hilum-columns',
  'x-hilum-explain',
  'x-hilum-import-counts',
  'x-hilum-progress',
  'x-hilum-rows',
  'x-hilum-skipped-resolutions',
  'x-hilum-total-count',
  'Accept-Ranges',
  'Content-Encoding',
  'Content-Length',
  'Content-Range',
  'Content-Type',
  'Date',
  'ETag',
  'Link',
  'Retry-After',
  'Warning',
  'X-Total-Count',
].join(', ')

/** The longest time that Chromium caches a preflight. */
const PREFLIGHT_MAX_AGE_SECONDS = 7_200

interface Cors {
  /** Answers a preflight itself, and passes every other request to the handler. */
  answer(request: WireRequest, handler: ProtocolHandler): Promise<WireReply>
  /** Adds the headers that let a page read the reply. `requestHeaders` is undefined where they could not be read. */
  readable(reply: WireReply, requestHeaders?: WireHeaders): WireReply
}

export function corsFor(origins: CorsOrigins): Cors {
  const isOpen = origins.includes('*')
  if (origins.includes('none')) return { answer: (request, handler) => handler(request), readable: (reply) => reply }

  /** The value of Access-Control-Allow-Origin; undefined where the origin is not allowed. */
  function allowOrigin(origin: string | undefined): string | undefined {
    if (isOpen) return '*'
    return origin !== undefined && origins.includes(origin) ? origin : undefined
  }

  function readable(reply: WireReply, requestHeaders?: WireHeaders): WireReply {
    if (isOpen && requestHeaders !== undefined && requestHeaders.origin === undefined) return reply
    const allowed = allowOrigin(requestHeaders?.origin)
    const cors = {
      // Also without an allowed origin: a cache must not use this reply for another origin.
      ...(!isOpen && { Vary: reply.headers.Vary === undefined ? 'Origin' : `${reply.headers.Vary}, Origin` }),
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
      const body = 'This origin is not allowed. Add it to --cors-origin.\n'
      return { status: 403, headers: { 'Content-Type': 'text/plain; charset=utf-8', Vary: vary }, body }
    }
    const requested = headers['access-control-request-headers']
    return {
      status: 204,
      headers: {
        'Access-Control-Allow-Origin': allowed,
        'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE, OPTIONS',
        // A wildcard does not include Authorization, and any header may be signed.
        ...(requested !== undefined && { 'Access-Control-Allow-Headers': requested }),
        ...(headers['access-control-request-private-network'] === 'true' && {
          'Access-Control-Allow-Private-Network': 'true',
        }),
        'Access-Control-Max-Age': String(PREFLIGHT_MAX_AGE_SECONDS),
        Vary: vary,
      },
      body: '',
    }
  }

  return {
    readable,
    answer(request, handler) {
      const { method, headers } = request
      // The reply to a client that is no page stays as it is.
      if (isOpen && headers.origin === undefined) return handler(request)
      const isPreflight =
        method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined
      return isPreflight
        ? Promise.resolve(preflight(request))
        : handler(request).then((reply) => readable(reply, headers))
    },
  }
}
