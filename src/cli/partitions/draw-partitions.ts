/** Draws the tables of `hilum partitions`. */
import { drawTable } from '../access/draw-table.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { PartitionReport } from './partition-report.ts'
import type { Spread } from './spread.ts'

const MIB = 1024 ** 2
const count = (amount: number): string => amount.toLocaleString('en-US')

export function drawPartitions(
  reports: readonly PartitionReport[],
  spread: readonly Spread[],
  terminal: Pick<Terminal, 'styled'>,
): string {
  const isOnNodes = reports.some(({ use }) => (use?.nodes.length ?? 0) > 0)
  const header = ['Partition', 'Place', ...(isOnNodes ? ['Node'] : []), 'ms', 'Data stores', 'Image sets', 'MiB']
  const tables = [
    drawTable(
      [...header, 'Index entries', 'Backlog', 'Changes'],
      reports.map((report) => rowOf(report, { isOnNodes })),
      terminal,
    ),
    ...(spread.length === 0
      ? []
      : [
          drawTable(
            ['Data store', 'Partitions', 'Image sets', 'Fewest in one', 'Most in one'],
            spread.map(({ datastoreId, ...of }) => [
              datastoreId,
              ...[of.partitions, of.imageSets, of.fewest, of.most].map(count),
            ]),
            terminal,
          ),
        ]),
    ...reports.flatMap(({ partition, fault }) => (fault === undefined ? [] : [`${nameOf(partition)}: ${fault}.`])),
  ]
  return tables.join('\n\n')
}

const nameOf = (partition: number): string => (partition === 0 ? 'control' : String(partition))

function rowOf(
  { partition, place, roundTripMs, use, datastores = [] }: PartitionReport,
  { isOnNodes }: { readonly isOnNodes: boolean },
): readonly string[] {
  const nodes = isOnNodes ? [nodesOf(use)] : []
  if (use === undefined || roundTripMs === undefined)
    return [nameOf(partition), place, ...nodes, 'away', ...Array(6).fill('')]
  const imageSets = datastores.reduce((sum, each) => sum + each.primaryImageSets + each.otherImageSets, 0)
  const counts = [
    datastores.length,
    imageSets,
    Math.ceil(use.bytes / MIB),
    use.indexEntries,
    use.indexBacklog,
    use.changes,
  ]
  return [nameOf(partition), place, ...nodes, String(roundTripMs), ...counts.map(count)]
}

function nodesOf(use: PartitionReport['use']): string {
  if (use === undefined) return ''
  const { nodes, movingTo } = use
  return [nodes.join(', '), ...(movingTo.length === 0 ? [] : [`moving to ${movingTo.join(', ')}`])].join('; ')
}
