/** An audit log in a temporary folder. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { type AuditLog, type AuditOptions, openAuditLog } from './audit-log.ts'
import type { AnsweredRequest } from './cloudtrail-event.ts'
import { type ChainReport, verifyAudit } from './verify-audit.ts'

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-audit-'))
  removeAtExit(folder)
  return join(folder, 'audit')
}

export const openIn = (
  folder: string,
  { limits, ...options }: Partial<Omit<AuditOptions, 'limits'>> & { limits?: Partial<AuditOptions['limits']> } = {},
): Promise<AuditLog> =>
  openAuditLog({
    ...{ folder, region: 'us-east-1', accountId: '123456789012', retentionDays: 100, clock: Date.now },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    ...options,
    limits: { ...DEFAULT_LIMITS, auditSyncMs: 5, auditRetryMs: 5, ...limits },
  })

export const CALLER: NonNullable<AnsweredRequest['caller']> = {
  ...{ id: 'mary', accessKeyId: 'HILUMKEYOFMARY000', signInKeyId: 'HILUMKEYOFMARY000', name: 'mary', userId: '1' },
  ...{ arn: 'arn:aws:iam::123456789012:user/mary', renewableUntil: undefined },
  policies: { readsResourceTags: false, decide: () => ({ outcome: 'allow' }) },
}

const DATASTORE = `arn:aws:medical-imaging:us-east-1:123456789012:datastore/${'a'.repeat(32)}`

export const request = (of: Partial<AnsweredRequest> = {}): AnsweredRequest => ({
  ...{
    eventSource: 'medical-imaging.amazonaws.com',
    eventName: 'SearchImageSets',
    isReadOnly: true,
    isDataEvent: false,
  },
  ...{ caller: CALLER, claimedKeyId: undefined, created: undefined, resourceArns: [DATASTORE] },
  ...{ sourceAddress: '192.0.2.7', sourceNetwork: '192.0.2.7', userAgent: 'test', requestId: 'r' },
  ...{ status: 200, errorCode: undefined },
  ...of,
})

export async function verifyOne(folder: string): Promise<ChainReport> {
  const reports: ChainReport[] = []
  for await (const report of verifyAudit(folder)) reports.push(report)
  if (reports.length !== 1) throw new Error(`${reports.length} chains`)
  return reports[0]!
}
