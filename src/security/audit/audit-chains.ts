/** Hands the chains of an audit folder to the processes of a server: no two write one, and those that exist are continued first. */
import { chainsIn, newChain } from './audit-files.ts'

export interface AuditChains {
  /** One that nothing writes. */
  take(): string
  /** The process that wrote it has ended. */
  giveBack(chain: string): void
  /** Those that nothing writes. */
  unused(): readonly string[]
}

export function openAuditChains(folder: string): AuditChains {
  const free = chainsIn(folder)
  return {
    take: () => free.shift() ?? newChain(),
    // The next process continues it before an older one.
    giveBack: (chain) => free.unshift(chain),
    unused: () => [...free],
  }
}
