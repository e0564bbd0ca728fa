/**
 * The Host headers that a server answers to, against DNS rebinding: a page of another site lets its own name resolve to this server, and the
 * browser treats the server as that site. The Host header then has the name of the site.
 */
import { hostNameOf, isAddress, isLocalhost } from './host-name.ts'

/** Header values that are known to be accepted, so that the certificate is asked once. */
const ACCEPTED_MAX = 100

/**
 * An address is no name that could be made to resolve to another one, so any is accepted; so is a request without a Host header, which no
 * browser sends.
 *
 * @param names allowed names, or `*` for any
 * @param certificate the current one, whose names are accepted too
 */
export function knownHosts(
  names: readonly string[],
  certificate: () => { covers(name: string): boolean } | undefined = () => undefined,
): (host: string | undefined) => boolean {
  if (names.includes('*')) return () => true
  const allowed = new Set(names.map(hostNameOf))
  const accepted = new Set<string>()
  let asked: ReturnType<typeof certificate>

  return (host = '') => {
    const current = certificate()
    if (asked !== current) accepted.clear()
    asked = current
    if (accepted.has(host)) return true
    const name = hostNameOf(host)
    const isKnown =
      name === '' || isAddress(name) || isLocalhost(name) || allowed.has(name) || current?.covers(name) === true
    if (isKnown && accepted.size < ACCEPTED_MAX) accepted.add(host)
    return isKnown
  }
}

/** For the client: which setting allows the host. */
export function unknownHostSentence(host: string | undefined): string {
  const name = hostNameOf(host)
  // Anything else is no name to repeat.
  if (!/^[\w.-]{1,253}$/.test(name)) return 'The Host header has no name that this server answers to.'
  return `This server does not answer to the name ${name}. To allow it, start the server with --allowed-host ${name} (HILUM_ALLOWED_HOST).`
}
