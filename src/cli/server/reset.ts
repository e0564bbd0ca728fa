/** `hilum reset`: empties a data folder that no server uses, except for its configuration file and the audit log. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AUDIT_FOLDER } from '../../security/audit/audit-files.ts'
import { FILE_IN_DATA_FOLDER } from '../../server/config.ts'
import { entriesOf, isDataFolder, lockDataFolder, MARKER_FILE } from '../../server/data-folder.ts'
import { LOCK_FILES } from '../../server/data-folder-lock.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { recorded } from '../audit/record-command.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'

export async function reset({ config, flags, terminal }: Invocation): Promise<ExitCode> {
  const folder = config.dataFolder
  if (config.catalog !== undefined) {
    throw new OperatorError(
      'Nothing was removed: the catalog is in PostgreSQL, and other servers may use it. Stop all servers, remove the database ' +
        'with dropdb, and then reset the data folder without --catalog and HILUM_CATALOG.',
    )
  }
  if (config.blobs !== undefined) {
    throw new OperatorError(
      `Nothing was removed: the stored bytes are in ${config.blobs}. Remove them with \`aws s3 rm --recursive\`, and then reset the ` +
        'data folder without --blobs and HILUM_BLOBS.',
    )
  }
  if (!(await isDataFolder(folder))) {
    throw new OperatorError(
      `${folder} is not a data folder of Hilum, so nothing was removed. Name the right one with --data.`,
    )
  }
  const lock = await lockDataFolder(folder)
  try {
    if (flags.yes !== true) {
      const question = `This removes every image set, import job, bucket and key in ${folder}. Type yes to continue: `
      const answer = await terminal.ask(question)
      if (answer === undefined)
        throw new OperatorError('Nothing was removed: there is no terminal to confirm on. Use --yes.')
      if (answer.trim() !== 'yes') throw new OperatorError('Nothing was removed.')
    }
    const event = { command: 'reset', eventName: 'ResetDataFolder', resourceArns: () => [] }
    const removed = await recorded({ config }, event, () => removeAll(folder))
    terminal.print(
      config.json ? JSON.stringify({ dataFolder: folder, removed }) : `${folder} is empty, except for the audit log.`,
    )
    return 0
  } finally {
    await lock.release()
  }
}

/** The names that were removed. The marker is removed last, so that an interrupted reset can be repeated. */
async function removeAll(folder: string): Promise<readonly string[]> {
  const kept = [FILE_IN_DATA_FOLDER, MARKER_FILE, AUDIT_FOLDER, ...LOCK_FILES]
  const removed = (await entriesOf(folder)).filter((name) => !kept.includes(name))
  for (const name of removed) await rm(join(folder, name), { recursive: true })
  await rm(join(folder, MARKER_FILE))
  return removed
}
