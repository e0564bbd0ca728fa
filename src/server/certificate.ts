/** The TLS certificate of the server, from two files in PEM. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import type { TlsConfig } from './config.ts'
import { OperatorError } from './operator-error.ts'
import { shellQuoted } from './shells.ts'

export interface Certificate {
  /** The DNS names that it covers, such as `ahi.example` and `*.ahi.example`. */
  readonly names: readonly string[]
  /** Whether clients accept it for a host name or an IP address. */
  covers(host: string): boolean
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** A certificate whose private key is known. */
export interface CertificatePair extends Certificate {
  /** In PEM, for node:tls. */
  readonly context: { readonly cert: Buffer; readonly key: Buffer; readonly passphrase?: string }
}

/** @throws OperatorError that names the file */
export async function readCertificatePair({ cert, key, keyPassphrase }: TlsConfig): Promise<CertificatePair> {
  const [certBytes, keyBytes] = [await readNamed(cert, 'certificate'), await readNamed(key, 'private key')]
  const x509 = parseCertificate(certBytes, cert)
  let privateKey: ReturnType<typeof createPrivateKey>
  try {
    privateKey = createPrivateKey({ key: keyBytes, ...(keyPassphrase && { passphrase: keyPassphrase }) })
  } catch (cause) {
    const isLocked = keyBytes.includes('ENCRYPTED')
    throw new OperatorError(
      isLocked
        ? `The private key in ${key} is encrypted, and HILUM_TLS_KEY_PASSPHRASE does not decrypt it.`
        : `The file ${key} has no private key in PEM.`,
      { cause },
    )
  }
  if (!x509.checkPrivateKey(privateKey)) {
    throw new OperatorError(`The private key in ${key} is not that of the certificate in ${cert}.`)
  }
  const context = { cert: certBytes, key: keyBytes, ...(keyPassphrase && { passphrase: keyPassphrase }) }
  try {
    createSecureContext(context)
  } catch (cause) {
    throw new OperatorError(`The certificates in ${cert} cannot be used: ${(cause as Error).message}.`, { cause })
  }
  return { ...certificateOf(x509), context }
}

/** For commands, which may not be allowed to read the key. @throws OperatorError */
export const readCertificate = async (path: string): Promise<Certificate> =>
  certificateOf(parseCertificate(await readNamed(path, 'certificate'), path))

export function certificateOf(x509: X509Certificate): Certificate {
  const names = (x509.subjectAltName ?? '')
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice('DNS:'.length).toLowerCase())
  return {
    names,
    covers: (host) => (isIP(host) === 0 ? x509.checkHost(host) : x509.checkIP(host)) !== undefined,
    expiresAt: x509.validToDate.getTime(),
  }
}

/**
 * The names that AWS clients call for the operations on image sets, where the certificate covers none of them: it covers `ahi.example`, but not
 * `runtime-ahi.example`.
 */
export function missingRuntimeNames({ names, covers }: Pick<Certificate, 'names' | 'covers'>): readonly string[] {
  const hosts = names.filter((name) => !/^(\*\.|runtime-|localhost$)/.test(name))
  const missing = hosts.map((name) => `runtime-${name}`).filter((name) => !covers(name))
  return missing.length === hosts.length ? missing : []
}

/** Set if other users of the machine can read the private key. A group may: Debian's `ssl-cert`, the group of a Kubernetes pod. */
export async function openKeyWarning(key: string): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined
  const isOpen = ((await stat(key)).mode & 0o007) !== 0
  return isOpen
    ? `Other users of this machine can read the private key in ${key}. Run: chmod o= ${shellQuoted(key)}`
    : undefined
}

function parseCertificate(bytes: Buffer, path: string): X509Certificate {
  try {
    return new X509Certificate(bytes)
  } catch (cause) {
    throw new OperatorError(`The file ${path} has no certificate in PEM.`, { cause })
  }
}

async function readNamed(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new OperatorError(`The ${what} in ${path} cannot be read (${code}).`, { cause })
  }
}
