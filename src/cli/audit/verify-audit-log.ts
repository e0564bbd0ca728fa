/** `hilum audit verify`. */
import { type ChainReport, verifyAudit } from '../../security/audit/verify-audit.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { auditFoldersOf } from './audit-criteria.ts'

export async function verifyAuditLog(invocation: Invocation): Promise<ExitCode> {
  const { config, terminal } = invocation
  let isIntact = true
  for (const folder of auditFoldersOf(invocation)) {
    for await (const report of verifyAudit(folder)) {
      isIntact &&= report.fault === undefined
      terminal.print(config.json ? JSON.stringify({ ...report, fault: report.fault ?? null }) : textOf(report))
    }
  }
  return isIntact ? 0 : 1
}

function textOf({ chain, files, lines, lastSequence, lastHash, unfinishedLines, fault }: ChainReport): string {
  const unfinished = unfinishedLines.map(
    ({ file, bytes }) =>
      `  ${file} has an unfinished line of ${bytes} bytes, which a crash cut. Its request was not answered.`,
  )
  if (fault !== undefined) {
    const place = fault.line === undefined ? fault.file : `${fault.file}, line ${fault.line}`
    return [`The audit log ${chain} is damaged. ${place}: ${fault.what}.`, ...unfinished].join('\n')
  }
  const end = `  The last line is ${lastSequence}, with the hash ${lastHash}.`
  return [
    `The audit log ${chain} is intact: ${counted(lines, 'line')} in ${counted(files, 'file')}.`,
    end,
    ...unfinished,
  ].join('\n')
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
