/** What the report of a verification says (src/maintenance/verify/scheduled-verification.ts). */
import type { MaintenanceRunSummary } from '../../../src/contract/maintenance.ts'
import { formatCount, formatNumber } from '../format/size.ts'

type Counts = Readonly<Record<string, number>>

export interface CheckedPart {
  readonly part: string
  readonly checked: Counts
  /** By kind. */
  readonly differences: Counts
  readonly notChecked?: string
}

interface Progress {
  readonly part?: string
  readonly partsDone?: number
  readonly partsTotal?: number
  /** Of the part. */
  readonly done?: number
  readonly total?: number
  readonly checked?: Counts
}

export const partsOf = ({ report }: MaintenanceRunSummary): readonly CheckedPart[] =>
  (report as { parts?: readonly CheckedPart[] }).parts ?? []

export const progressOf = ({ report }: MaintenanceRunSummary): Progress => report as Progress

/** In percent, if all parts took the same time. */
export function percentOf({ partsDone = 0, partsTotal, done = 0, total = 0 }: Progress): number {
  if (partsTotal === undefined) return 0
  return ((partsDone + (total === 0 ? 0 : done / total)) / partsTotal) * 100
}

export const differencesOf = ({ report }: MaintenanceRunSummary): number => Number(report.differenceCount ?? 0)

export const differencesText = (count: number): string | undefined =>
  count === 0 ? undefined : formatCount(count, 'difference')

/** `12,000 blobs, 3 documents`: the report has the words. */
export const checkedText = (counts: Counts): string =>
  Object.entries(counts)
    .map(([name, count]) => `${formatNumber(count)} ${name}`)
    .join(', ')
