/** The audit log of the data folder, as a process of the server writes it. */
import { join } from 'node:path'
import type { App } from '../app.ts'
import { type AuditChains, openAuditChains } from '../security/audit/audit-chains.ts'
import { AUDIT_FOLDER } from '../security/audit/audit-files.ts'
import { type AuditLog, openAuditLog } from '../security/audit/audit-log.ts'
import type { Config } from '../server/config.ts'
import { OperatorError } from '../server/operator-error.ts'

type AuditConfig = Pick<Config, 'dataFolder' | 'region' | 'accountId' | 'auditRetentionDays'>

const folderOf = ({ dataFolder }: Pick<Config, 'dataFolder'>) => join(dataFolder, AUDIT_FOLDER)

export const auditChainsOf = (config: AuditConfig): AuditChains => openAuditChains(folderOf(config))

/** @throws OperatorError if it cannot be written */
export async function openAudit(
  config: AuditConfig,
  { chain, limits, log }: Pick<App, 'limits' | 'log'> & { readonly chain: string },
): Promise<AuditLog> {
  const folder = folderOf(config)
  const { region, accountId, auditRetentionDays: retentionDays } = config
  try {
    return await openAuditLog({ folder, region, accountId, retentionDays, limits, clock: Date.now, log, chain })
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
    throw new OperatorError(`The audit log in ${folder} cannot be written: ${reason}.`, { cause })
  }
}

/** For chains that no process writes now, because the server had more processes before: their old files are removed too. */
export async function continueUnusedChains(
  config: AuditConfig,
  { chains, ...app }: Pick<App, 'limits' | 'log'> & { readonly chains: readonly string[] },
): Promise<void> {
  for (const chain of chains) await (await openAudit(config, { ...app, chain })).stop()
}
