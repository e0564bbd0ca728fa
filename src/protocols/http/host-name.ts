/** The name in a Host header (RFC 9110 7.2). */
import { isIP } from 'node:net'

/**
 * In lower case, without the port, the brackets of an IPv6 address, a dot at the end, and the `runtime-` that AWS clients add. Empty where there
 * is no name.
 */
export const hostNameOf = (host: string | undefined): string =>
  (host ?? '')
    .trim()
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^runtime-/, '')
    .replace(/^\[([\d.:a-f]+)\]$/, '$1')
    .replace(/\.$/, '')

/** Names that resolve to the machine of the client itself (RFC 6761 6.3). */
export const isLocalhost = (name: string): boolean => name === 'localhost' || name.endsWith('.localhost')

export const isAddress = (name: string): boolean => isIP(name) !== 0
