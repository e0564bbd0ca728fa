/** Checks of the certificate that a server presents: trust, expiry and names. */
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { certificateOf } from '../../server/certificate.ts'
import type { Finding } from './finding.ts'

const TIMEOUT_MS = 5_000
const EXPIRY_WARNING_MS = 14 * 24 * 3_600_000

/** Undefined for plain HTTP, and if no server answers, which is another finding. */
export async function checkCertificate(
  endpoint: string,
  { env, now }: { readonly env: Readonly<Record<string, string | undefined>>; readonly now: () => number },
): Promise<Finding | undefined> {
  const url = new URL(endpoint)
  if (url.protocol !== 'https:') return undefined
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const presented = await presentedBy(host, Number(url.port || 443)).catch(() => undefined)
  if (presented === undefined) return undefined
  const { names, covers, expiresAt } = certificateOf(presented.certificate)
  const subject = 'certificate'
  const until = `until ${new Date(expiresAt).toISOString().slice(0, 10)}`
  if (!covers(host)) {
    const detail = `it does not cover ${host}, only ${names.join(', ') || 'no name'}`
    return {
      subject,
      state: 'fail',
      detail,
      fixes: ['Use one of its names with --endpoint, or get a certificate for this one.'],
    }
  }
  if (expiresAt <= now()) return { subject, state: 'fail', detail: `it was valid ${until}`, fixes: ['Renew it.'] }
  if (presented.error !== undefined) {
    const fixes = [
      'If a private authority signed it:  export NODE_EXTRA_CA_CERTS=<file with the certificate of the authority>',
    ]
    return { subject, state: 'fail', detail: `it is not trusted here (${presented.error})`, fixes }
  }
  if (expiresAt - now() < EXPIRY_WARNING_MS)
    return { subject, state: 'warn', detail: `it is valid ${until}`, fixes: ['Renew it.'] }
  const isPrefixed = env.AWS_DISABLE_HOST_PREFIX_INJECTION?.toLowerCase() !== 'true'
  if (isPrefixed && isIP(host) === 0 && !covers(`runtime-${host}`)) {
    const detail = `it covers ${host}, but not runtime-${host}, which SDKs call for searches`
    return { subject, state: 'warn', detail, fixes: [`Get a certificate for ${host} and runtime-${host}.`] }
  }
  return { subject, state: 'ok', detail: `it covers ${names.join(', ') || host} ${until}` }
}

/** The certificate, and why it is not trusted. Nothing is sent over the connection. */
async function presentedBy(
  host: string,
  port: number,
): Promise<{ readonly certificate: X509Certificate; readonly error: string | undefined }> {
  const socket = connect({
    ...{ host, port, rejectUnauthorized: false },
    ...(isIP(host) === 0 && { servername: host }),
    // Names are checked above.
    checkServerIdentity: () => undefined,
  })
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const certificate = new X509Certificate(socket.getPeerCertificate().raw)
    return { certificate, error: socket.authorized ? undefined : String(socket.authorizationError) }
  } finally {
    socket.on('error', () => {}).destroy()
  }
}
