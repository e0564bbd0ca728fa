/**
 * One-time links: within some time, a token can be exchanged once for what the link was made for. Only digests of tokens are kept, in the
 * catalog: any process of any server exchanges a link.
 */
import { hash, randomBytes } from 'node:crypto'
import type { OneTimeLinks, SharedLinks } from '../../app.ts'
import type { Limits } from '../../limits.ts'
import type { LinkKind, OneTimeLinkRecords } from '../../stores/catalog/one-time-link-repository.ts'

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
