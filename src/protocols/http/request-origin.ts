/**
 * Where a request comes from. X-Forwarded-For and X-Forwarded-Proto count only from proxies that the operator trusts: any client can send
 * them.
 */
import { isIP } from 'node:net'
import { ipRange } from '../../security/policies/ip-range.ts'
import { hostNameOf, isLocalhost } from './host-name.ts'
import type { WireHeaders, WireRequest } from './wire.ts'

type Origin = Pick<WireRequest, 'remoteAddress' | 'isSecure' | 'isForwarded' | 'isFromTrustedProxy'>

export interface TrustedProxies {
  has(address: string | undefined): boolean
  /** `isTls`: the peer connected with TLS. */
  originOf(peer: { readonly address: string | undefined; readonly isTls: boolean }, headers: WireHeaders): Origin
}

/** Headers that proxies add. */
const FORWARDING = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-real-ip', 'forwarded', 'via']

/** @param ranges addresses and CIDR ranges */
export function trustedProxies(ranges: readonly string[]): TrustedProxies {
  const inRanges = ranges.map((range) => ipRange(range)).filter((each) => each !== undefined)
  const has = (address: string | undefined) => address !== undefined && inRanges.some((isIn) => isIn(address))

  /** The last address that is not that of a trusted proxy. An entry that is no address ends the search: what is left of it is a claim. */
  function clientOf(proxy: string, forwardedFor: string | undefined): string {
    let address = proxy
    for (const entry of forwardedFor?.split(',').reverse() ?? []) {
      const named = addressIn(entry)
      if (named === undefined) break
      address = named
      if (!has(named)) break
    }
    return address
  }

  return {
    has,
    originOf({ address, isTls }, headers) {
      if (!has(address)) {
        const isForwarded = FORWARDING.some((name) => headers[name] !== undefined)
        return { remoteAddress: address, isSecure: isTls, isForwarded }
      }
      const protocols = headers['x-forwarded-proto']?.split(',') ?? []
      return {
        remoteAddress: clientOf(address as string, headers['x-forwarded-for']),
        // Each proxy of a chain adds its own; all must be secure.
        isSecure: protocols.length > 0 && protocols.every((each) => each.trim().toLowerCase() === 'https'),
        isForwarded: true,
        isFromTrustedProxy: true,
      }
    },
  }
}

/** `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` and `[2001:db8::1]:443`. */
function addressIn(entry: string): string | undefined {
  const [, inBrackets, plain] = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/.exec(entry.trim()) ?? []
  const address = inBrackets ?? plain ?? entry.trim()
  return isIP(address) === 0 || address.includes('%') ? undefined : address
}

/**
 * Whether a request was sent on the machine of the server, and not forwarded there. A proxy on this machine that adds no header keeps the name
 * that its clients use, because the Host header is signed.
 */
export const isLocal = ({ remoteAddress, isForwarded = false, headers }: WireRequest): boolean =>
  isLoopback(remoteAddress) && !isForwarded && isLoopbackName(hostNameOf(headers.host))

/** Whether a client on another machine has TLS all the way, as far as the operator's own proxies say. */
export const isProtected = ({
  isSecure = false,
  isForwarded = false,
  isFromTrustedProxy = false,
}: WireRequest): boolean => isSecure && (!isForwarded || isFromTrustedProxy)

const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(127\.|::1$|::ffff:127\.)/.test(address)

const isLoopbackName = (name: string): boolean => isLocalhost(name) || (isIP(name) !== 0 && isLoopback(name))
