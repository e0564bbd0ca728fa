/** The audit log of this server, newest events first, below /hilum/ (docs/operating/audit.md). */
import { join } from 'node:path'
import type { App } from '../app.ts'
import type { AuditPage, AuditSearch } from '../contract/audit.ts'
import { ContractError } from '../contract/errors.ts'
import { COMMANDS_FOLDER } from '../security/audit/audit-files.ts'
import { type AuditPosition, readNewest } from '../security/audit/read-newest.ts'
import { positionOfPage } from './page-tokens.ts'

export async function searchAuditLog(
  {
    search,
    maxResults,
    nextToken,
  }: {
    readonly search: AuditSearch
    readonly maxResults?: number | undefined
    readonly nextToken: string | undefined
  },
  app: App,
): Promise<AuditPage> {
  const { folder } = app.audit
  if (folder === undefined) throw new ContractError('ResourceNotFoundException', 'This server keeps no audit log.')
  const request = { operation: 'SearchAuditLog', ...search }
  const { position, ...page } = await readNewest([folder, join(folder, COMMANDS_FOLDER)], {
    search,
    position: positionOfPage<AuditPosition>(app.pageTokens, { request, nextToken }),
    eventsMax: Math.min(maxResults ?? app.limits.pageSize, app.limits.pageSize),
    bytesMax: app.limits.auditPageBytes,
  })
  return { ...page, ...(position !== undefined && { nextToken: app.pageTokens.seal(request, position) }) }
}
