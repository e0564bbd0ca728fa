/** `hilum audit export`. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { searchAudit } from '../../security/audit/search-audit.ts'
import { OperatorError } from '../../server/operator-error.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { auditCriteria, auditFoldersOf } from './audit-criteria.ts'

export async function exportAuditLog(invocation: Invocation): Promise<ExitCode> {
  const { config, cwd, flags, terminal } = invocation
  if (typeof flags.to !== 'string') {
    throw new OperatorError('hilum audit export needs --to <file>.', { exitCode: 2 })
  }
  const path = resolve(cwd, flags.to)
  const events = searchAudit(auditFoldersOf(invocation), auditCriteria(invocation))
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true })
  try {
    await once(file, 'open')
    let lines = 0
    for await (const { text } of events) {
      lines += 1
      if (!file.write(`${text}\n`)) await once(file, 'drain')
    }
    await finished(file.end())
    terminal.print(config.json ? JSON.stringify({ file: path, lines }) : `Wrote ${lines} lines to ${path}.`)
    return 0
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === undefined) throw cause
    const why = code === 'EEXIST' ? 'exists already. Name another one' : `cannot be written (${code})`
    throw new OperatorError(`The file ${path} ${why}.`, { cause })
  }
}
