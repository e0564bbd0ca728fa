/** `hilum reindex`: rebuilds the search index from the image sets, with or without a running server. */
import { isDataFolder } from '../../server/data-folder.ts'
import { openCatalog, placesOf } from '../../server/open-stores.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { OtherSchema } from '../../stores/sql/schema/other-schema.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { openProgress } from '../terminal/progress.ts'

export async function reindex({ config, terminal }: Invocation): Promise<ExitCode> {
  const { dataFolder, limits } = config
  if (config.catalog === undefined && !(await isDataFolder(dataFolder))) {
    throw new OperatorError(`${dataFolder} is not a data folder of Hilum. Name the right one with --data.`)
  }
  const startedAt = Date.now()
  try {
    const statementLimits = { ...limits, catalogStatementTimeoutMs: limits.maintenanceStatementTimeoutMs }
    const catalog = await openCatalog(placesOf({ ...config, limits: statementLimits }))
    const progress = openProgress('Rebuilding the search index', { terminal, now: Date.now })
    let rows = 0
    try {
      for await (const { done, of } of catalog.searchIndex.rebuild()) {
        rows = of
        progress.update(done, of)
      }
    } finally {
      progress.end()
      await catalog.close()
    }
    const seconds = (Date.now() - startedAt) / 1000
    terminal.print(
      config.json
        ? JSON.stringify({ rows, seconds })
        : `The search index was rebuilt from ${rows.toLocaleString('en-US')} rows in ${seconds.toFixed(1)} s.`,
    )
    return 0
  } catch (cause) {
    const isExpected = [StoreUnavailable, OtherSchema].some((kind) => cause instanceof kind)
    throw isExpected
      ? new OperatorError(
          `The search index was not rebuilt: ${(cause as Error).message}. Run hilum reindex again to resume.`,
          { cause },
        )
      : cause
  }
}
