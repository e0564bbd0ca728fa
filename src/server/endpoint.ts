/** The addresses that the server listens on, and the one for clients on the same machine. */
import { isIP } from 'node:net'
import type { Certificate } from './certificate.ts'
import type { Config } from './config.ts'
import { OperatorError } from './operator-error.ts'

/**
 * `http://127.0.0.1:8104`; a wildcard address is replaced by its loopback address. With TLS it has a name that the certificate covers, if there
 * is one: `https://ahi.example:8104`.
 */
export function endpointOf(
  host: string,
  port: number,
  tls?: { readonly certificate: Certificate | undefined },
): string {
  const callable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  if (tls === undefined) return `http://${inUrl(callable)}:${port}`
  return `https://${inUrl(coveredName(callable, tls.certificate))}:${port}`
}

function coveredName(host: string, certificate: Certificate | undefined): string {
  if (certificate === undefined || certificate.covers(host)) return host
  if (isLoopbackHost(host) && certificate.covers('localhost')) return 'localhost'
  return certificate.names.find((name) => !/^(\*\.|runtime-)/.test(name)) ?? host
}

/** @throws OperatorError for plain HTTP that other machines can reach */
export function checkTransport({ host, tls, allowPlainHttp }: Pick<Config, 'host' | 'tls' | 'allowPlainHttp'>): void {
  const open = host.filter((each) => !isLoopbackHost(each))
  if (open.length === 0 || tls !== undefined || allowPlainHttp) return
  throw new OperatorError(
    `Hilum does not listen on ${open.join(' and ')} without TLS: anyone on the network could read what it sends. Name a certificate with ` +
      '--tls-cert and --tls-key (HILUM_TLS_CERT, HILUM_TLS_KEY). If something else protects the connection, such as a proxy with TLS on a ' +
      'network of its own, say so with --allow-plain-http (HILUM_ALLOW_PLAIN_HTTP=true).',
    { exitCode: 2 },
  )
}

/** Whether only this machine can connect to an address to listen on. */
const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || (isIP(host) === 4 ? host.startsWith('127.') : host === '::1')

const inUrl = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host)
