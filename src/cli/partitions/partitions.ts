/** `hilum partitions`: shows where the partitions of the catalog are and how they do, beside a running server or without one. */
import { isDataFolder } from '../../server/data-folder.ts'
import { placeInWords } from '../../server/open-partitions.ts'
import { openCatalog, placesOf } from '../../server/open-stores.ts'
import { OperatorError } from '../../server/operator-error.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { drawPartitions } from './draw-partitions.ts'
import { isExpected, type PartitionReport, reportOf } from './partition-report.ts'
import { type Spread, spreadOf } from './spread.ts'

export async function showPartitions({ config, terminal }: Invocation): Promise<ExitCode> {
  const { catalog: url, dataFolder, limits } = config
  if (url === undefined && !(await isDataFolder(dataFolder))) {
    throw new OperatorError(`${dataFolder} is not a data folder of Hilum. Name the right one with --data.`)
  }
  const places = placesOf({ ...config, limits: { ...limits, catalogReadConnections: 1, catalogWriteConnections: 1 } })
  const reports: PartitionReport[] = []
  let spread: readonly Spread[]
  try {
    const catalog = await openCatalog(places, { readOnly: true })
    try {
      const parts = await catalog.parts()
      for (const { partition, open } of parts) {
        const place = await placeInWords(places, partition)
        reports.push(await reportOf({ partition, place, open }))
      }
      spread = await spreadOf(catalog, reports)
    } finally {
      await catalog.close()
    }
  } catch (cause) {
    throw isExpected(cause)
      ? new OperatorError(`The catalog cannot be read: ${(cause as Error).message}.`, { cause })
      : cause
  }
  if (config.json) terminal.print(JSON.stringify({ partitions: reports, datastores: spread }))
  else terminal.print(drawPartitions(reports, spread, terminal))
  return reports.every(({ fault }) => fault === undefined) ? 0 : 1
}
