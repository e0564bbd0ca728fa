/** How evenly the image sets of data stores are spread over their partitions. */
import type { Catalog } from '../../stores/catalog/catalog.ts'
import type { PartitionReport } from './partition-report.ts'

export interface Spread {
  readonly datastoreId: string
  readonly partitions: number
  readonly imageSets: number
  /** In the partition with the fewest, and in the one with the most. */
  readonly fewest: number
  readonly most: number
}

/** Of data stores with several partitions; those that do not answer are left out. */
export async function spreadOf(
  { parts }: Pick<Catalog, 'parts'>,
  reports: readonly PartitionReport[],
): Promise<readonly Spread[]> {
  const [control] = await parts()
  const { asControl } = await control!.open()
  const spread: Spread[] = []
  for (const { datastoreId } of reports[0]?.datastores ?? []) {
    const partitions = (await asControl.partitionsOf(datastoreId)) ?? 1
    if (partitions === 1) continue
    const counts = reports.slice(1, partitions + 1).flatMap(({ datastores }) => {
      const found = datastores?.find((each) => each.datastoreId === datastoreId)
      return found === undefined ? [] : [found.primaryImageSets + found.otherImageSets]
    })
    const imageSets = counts.reduce((sum, count) => sum + count, 0)
    const [fewest, most] = counts.length === 0 ? [0, 0] : [Math.min(...counts), Math.max(...counts)]
    spread.push({ datastoreId, partitions, imageSets, fewest, most })
  }
  return spread
}
