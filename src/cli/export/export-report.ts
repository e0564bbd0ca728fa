/** The report of an export: counts, and their text for the terminal. */
import type { NotWritten } from '../../imaging/documents/document-data-set.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { Exported } from './export-instance.ts'

export interface ExportReport {
  readonly folder: string
  imageSets: number
  files: number
  bytes: number
  /** Identical files that existed. */
  skipped: number
  /** Omitted attributes, by reason. */
  readonly leftOut: Record<NotWritten['why'], number>
  /** In the order of the documents. */
  notExported: readonly NotExportedInstance[]
}

export interface NotExportedInstance {
  readonly imageSetId: string
  /** Position in the metadata document, from 1. */
  readonly instance: number
  readonly sopInstanceUID: string
  /** InstanceNumber, which viewers show; null if absent. */
  readonly instanceNumber: string | null
  readonly reason: string
}

const SHOWN = 10

const LEFT_OUT: Readonly<Record<NotWritten['why'], { readonly noun: string; readonly why: string }>> = {
  'stored-separately': { noun: 'private value', why: 'larger than 1 MB, which the API does not return' },
  icon: { noun: 'icon', why: 'whose pixels the API does not return' },
  'unknown-keyword': { noun: 'value', why: 'of attributes that are not in the data dictionary' },
}

export const emptyReport = (folder: string): ExportReport => ({
  ...{ folder, imageSets: 0, files: 0, bytes: 0, skipped: 0 },
  leftOut: { 'stored-separately': 0, icon: 0, 'unknown-keyword': 0 },
  notExported: [],
})

export function addTo(report: ExportReport, written: Extract<Exported, { kind: 'written' }>): void {
  report.files += 1
  report.bytes += written.sizeBytes
  for (const { why } of written.notWritten) report.leftOut[why] += 1
}

export function drawExport(report: ExportReport, { styled }: Pick<Terminal, 'styled'>): string {
  const { files, bytes, skipped, imageSets, folder, leftOut, notExported } = report
  const megabytes = (bytes / 1e6).toLocaleString('en-US', { maximumFractionDigits: 1 })
  const lines = [
    `${plural(files, 'file')} of ${plural(imageSets, 'image set')} written into ${folder} (${megabytes} MB)`,
  ]
  if (skipped > 0) lines.push(`${plural(skipped, 'identical file')} skipped`)
  for (const [why, of] of Object.entries(LEFT_OUT)) {
    const amount = leftOut[why as NotWritten['why']]
    if (amount > 0) lines.push(`Omitted: ${plural(amount, of.noun)} ${of.why}`)
  }
  if (notExported.length > 0) {
    lines.push(styled('red', `${plural(notExported.length, 'instance')} not exported:`))
    lines.push(
      ...notExported.slice(0, SHOWN).map((each) => `  image set ${each.imageSetId}, ${nameOf(each)}: ${each.reason}`),
    )
    if (notExported.length > SHOWN) lines.push(`  and ${count(notExported.length - SHOWN)} more`)
  }
  return lines.join('\n')
}

const nameOf = ({ sopInstanceUID, instanceNumber }: NotExportedInstance): string =>
  instanceNumber === null ? sopInstanceUID : `${sopInstanceUID} (Instance ${instanceNumber})`

const count = (amount: number): string => amount.toLocaleString('en-US')

const plural = (amount: number, noun: string): string => `${count(amount)} ${noun}${amount === 1 ? '' : 's'}`
