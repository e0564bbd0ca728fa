/**
 * The canonical path and query of Signature Version 4. The path is percent-encoded a second time (`%3A` becomes `%253A`), as for every
 * service but S3.
 */

const UNRESERVED_PATH = /^[\w.~/-]*$/
const DOT_OR_EMPTY_SEGMENT = /\/(?:\.{0,2}\/|\.{1,2}$)/

/** The path as received, with `//`, `.` and `..` resolved and each segment encoded again. */
export function canonicalPath(path: string): string {
  const resolved = DOT_OR_EMPTY_SEGMENT.test(path) ? resolveSegments(path) : path
  return UNRESERVED_PATH.test(resolved) ? resolved : encode(resolved).replaceAll('%2F', '/')
}

function resolveSegments(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}${kept.length > 0 && path.endsWith('/') ? '/' : ''}`
}

/** A pair that is encoded as RFC 3986 requires. SDKs send no others. */
const ENCODED_PAIR = /^(?:[\w.~-]|%[0-9A-F]{2})+=(?:[\w.~-]|%[0-9A-F]{2})*$/

/** The pairs sorted by name, then value, without the X-Amz-Signature of a presigned URL. */
export function canonicalQuery(query: string, { leaveOut }: { readonly leaveOut?: string } = {}): string {
  if (query === '') return ''
  const pairs: [name: string, value: string][] = []
  for (const raw of query.split('&')) {
    if (raw === '') continue
    const equals = raw.indexOf('=')
    const name = equals < 0 ? raw : raw.slice(0, equals)
    const value = equals < 0 ? '' : raw.slice(equals + 1)
    if (name === 'X-Amz-Signature' || name === leaveOut) continue
    pairs.push(ENCODED_PAIR.test(raw) ? [name, value] : [recode(name), recode(value)])
  }
  if (pairs.length > 1) pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Clients such as the OHIF data source send characters unencoded but sign the encoded form. */
function recode(text: string): string {
  try {
    return encode(decodeURIComponent(text.replaceAll('+', ' ')))
  } catch {
    // Not percent-encoded, so these characters were signed.
    return encode(text)
  }
}

const encode = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
