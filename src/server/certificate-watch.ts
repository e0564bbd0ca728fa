/**
 * Reads the certificate files every few seconds, and reports another certificate. The content is compared, because tools replace files in
 * different ways: certbot a symbolic link, Kubernetes the folder behind one.
 */
import type { App, Log } from '../app.ts'
import type { Limits } from '../limits.ts'
import { type CertificatePair, missingRuntimeNames, openKeyWarning, readCertificatePair } from './certificate.ts'
import type { TlsConfig } from './config.ts'

const DAY_MS = 24 * 3_600_000
/** A warning a day begins this long before the certificate expires. */
const EXPIRY_WARNING_MS = 14 * DAY_MS

export interface CertificateWatch {
  readonly current: CertificatePair
  /** Reads the files now. */
  reload(): Promise<void>
  stop(): void
}

/** @throws OperatorError if there is no usable certificate at the start; later, the one before is kept */
export async function watchCertificate(
  files: TlsConfig,
  options: {
    readonly limits: Pick<Limits, 'certificateCheckMs'>
    readonly clock: App['clock']
    readonly log: Log
    readonly onChange: (pair: CertificatePair) => void
  },
): Promise<CertificateWatch> {
  const { limits, clock, log, onChange } = options
  let current = await readCertificatePair(files)
  /** Of the last check, which may have read a certificate and a key of different pairs. */
  let failure: { readonly message: string; readonly isLogged: boolean } | undefined
  let warnedAt = -Infinity
  await warnAboutFiles()
  warnAboutExpiry()

  async function warnAboutFiles(): Promise<void> {
    const warning = await openKeyWarning(files.key)
    if (warning !== undefined) log.warn({}, warning)
    const missing = missingRuntimeNames(current)
    if (missing.length === 0) return
    log.warn(
      {},
      `the certificate in ${files.cert} does not cover ${missing.join(' or ')}, which AWS clients call for the operations on image sets`,
    )
  }

  function warnAboutExpiry(): void {
    const now = clock()
    if (current.expiresAt - now > EXPIRY_WARNING_MS || now - warnedAt < DAY_MS) return
    warnedAt = now
    const date = new Date(current.expiresAt).toISOString()
    log.warn({}, `the certificate in ${files.cert} ${current.expiresAt > now ? 'expires' : 'expired'} at ${date}`)
  }

  async function check({ isRequested }: { readonly isRequested: boolean }): Promise<void> {
    try {
      const read = await readCertificatePair(files)
      failure = undefined
      if (!isSame(read, current)) {
        current = read
        warnedAt = -Infinity
        onChange(read)
        log.info(
          {},
          `using the new certificate in ${files.cert}, which expires at ${new Date(read.expiresAt).toISOString()}`,
        )
        await warnAboutFiles()
      }
    } catch (error) {
      const { message } = error as Error
      const isRepeated = failure?.message === message
      // At the first time, the files may be about to be replaced.
      const isDue = isRequested || (isRepeated && failure?.isLogged === false)
      if (isDue) log.error({}, `${message} The certificate before it stays in use.`)
      failure = { message, isLogged: isDue || (isRepeated && failure?.isLogged === true) }
    }
    warnAboutExpiry()
  }

  let last: Promise<void> = Promise.resolve()
  const queue = (how: { readonly isRequested: boolean }) => {
    last = last.then(() => check(how))
    return last
  }
  const timer = setInterval(() => queue({ isRequested: false }), limits.certificateCheckMs).unref()
  return {
    get current() {
      return current
    },
    reload: () => queue({ isRequested: true }),
    stop: () => clearInterval(timer),
  }
}

const isSame = ({ context: one }: CertificatePair, { context: other }: CertificatePair): boolean =>
  one.cert.equals(other.cert) && one.key.equals(other.key)
