/**
 * One-time links: within some time, a token can be exchanged once for what the link was made for. Only digests of tokens are kept, in the
 * catalog: any process of any server exchanges a link.
 */
import { hash, randomBytes } from 'node:crypto'
import type { WantedDownload } from '../../contract/downloads.ts'
import type { Limits } from '../../limits.ts'
import type { LinkKind, OneTimeLinkRecords } from '../../stores/catalog/one-time-link-repository.ts'

/** Who requested a link into the console: the session has their permissions. */
interface LinkRequester {
  readonly signInKeyId: string
  readonly renewableUntil: number | undefined
}

/** A download, and who requested it: it is read with their permissions. */
interface RequestedDownload extends Pick<LinkRequester, 'signInKeyId'> {
  readonly wanted: WantedDownload
}

interface OneTimeLink {
  /** 256 random bits in base64url. */
  readonly token: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** Links each of which is exchanged once, by whichever server of the catalog. */
interface OneTimeLinks<Subject> {
  /** `isLocal`: it works on the machine of the server only. */
  make(subject: Subject, from: { readonly now: number; readonly isLocal: boolean }): Promise<OneTimeLink>
  /** Undefined for a token that is unknown, used or expired, or does not work from there. */
  redeem(token: string, from: { readonly now: number; readonly isLocal: boolean }): Promise<Subject | undefined>
}

export interface SharedLinks {
  /** Into the console. */
  readonly consoleLinks: OneTimeLinks<LinkRequester>
  readonly downloadLinks: OneTimeLinks<RequestedDownload>
}

/** @param kind.linksMax at the same time */
function linksOf<Subject extends object>(
  records: OneTimeLinkRecords,
  { kind, validMs, linksMax }: { readonly kind: LinkKind; readonly validMs: number; readonly linksMax: number },
): OneTimeLinks<Subject> {
  return {
    async make(subject, { now, isLocal }) {
      const token = randomBytes(32).toString('base64url')
      const expiresAt = now + validMs
      const link = { tokenDigest: hash('sha256', token), kind, subject: JSON.stringify(subject), isLocal, expiresAt }
      // Beyond the limit the oldest links are removed; a user can make another.
      await records.add(link, { at: now, linksMax })
      return { token, expiresAt }
    },
    async redeem(token, { now, isLocal }) {
      const link = await records.take({ tokenDigest: hash('sha256', token), kind }, { at: now, isLocal })
      return link && JSON.parse(link.subject)
    },
  }
}

export const createLinks = (
  records: OneTimeLinkRecords,
  limits: Pick<Limits, 'consoleLinkMs' | 'consoleLinks' | 'downloadLinkMs' | 'downloadLinks'>,
): SharedLinks => ({
  consoleLinks: linksOf(records, { kind: 'console', validMs: limits.consoleLinkMs, linksMax: limits.consoleLinks }),
  downloadLinks: linksOf(records, { kind: 'download', validMs: limits.downloadLinkMs, linksMax: limits.downloadLinks }),
})
