/**
 * Image sets as a table that is never wider than the terminal: short values are shown whole, long ones share the remaining width, and where that
 * is too little the least important columns are left out.
 */
import type { ImageSetsMetadataSummary } from '@aws-sdk/client-medical-imaging'
import { drawDate, drawPersonName, drawTime } from '../terminal/draw-dicom.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { fitted, shown, widthOf } from '../terminal/text-width.ts'

interface Column {
  readonly head: string
  readonly cell: (imageSet: ImageSetsMetadataSummary) => string | number | boolean | undefined
  /** Aligned right. */
  readonly isNumber?: true
  /** The minimum, in columns of the terminal. */
  readonly width: number
  /** The lowest is left out first in a narrow terminal. */
  readonly rank: number
}

const COLUMNS: readonly Column[] = [
  { head: 'Study date', cell: ({ DICOMTags: tags = {} }) => studyTime(tags), width: 16, rank: 9 },
  { head: 'Mod', cell: ({ DICOMTags: tags = {} }) => tags.DICOMSeriesModality, width: 3, rank: 7 },
  { head: 'Patient ID', cell: ({ DICOMTags: tags = {} }) => tags.DICOMPatientId, width: 10, rank: 6 },
  {
    head: 'Patient',
    cell: ({ DICOMTags: tags = {} }) => drawPersonName(tags.DICOMPatientName ?? ''),
    width: 12,
    rank: 8,
  },
  { head: 'Description', cell: ({ DICOMTags: tags = {} }) => tags.DICOMStudyDescription, width: 11, rank: 5 },
  { head: 'Ser', cell: ({ DICOMTags: tags = {} }) => tags.DICOMSeriesNumber, isNumber: true, width: 3, rank: 4 },
  {
    head: 'Inst',
    cell: ({ DICOMTags: tags = {} }) => tags.DICOMNumberOfStudyRelatedInstances,
    isNumber: true,
    width: 4,
    rank: 3,
  },
  { head: 'Ver', cell: ({ version }) => version, isNumber: true, width: 3, rank: 1 },
  { head: 'Prim', cell: ({ isPrimary }) => isPrimary, width: 4, rank: 2 },
]
const GAP = '  '

export interface SearchTable {
  readonly head: string
  row(imageSet: ImageSetsMetadataSummary): string
}

/**
 * The first page determines the layout: on later pages, longer values are truncated with an ellipsis. Without `columns`, for a pipe, nothing is
 * truncated.
 */
export function openTable(
  firstPage: readonly ImageSetsMetadataSummary[],
  { columns, styled }: { columns: number | undefined; styled: Terminal['styled'] },
): SearchTable {
  const kept = columns === undefined ? COLUMNS : thatFit(columns)
  const wanted = kept.map((column) =>
    Math.max(column.width, widthOf(column.head), ...firstPage.map((imageSet) => widthOf(textOf(column, imageSet)))),
  )
  const widths = columns === undefined ? wanted : shared(kept, { wanted, columns })
  const draw = columns === undefined ? padded : fitted
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => {
        const text = draw(cell, widths[at]!)
        return kept[at]!.isNumber ? text.trimEnd().padStart(widths[at]!) : text
      })
      .join(GAP)
      .trimEnd()
  return {
    head: styled('dim', line(kept.map(({ head }) => head))),
    row: (imageSet) => line(kept.map((column) => textOf(column, imageSet))),
  }
}

function thatFit(columns: number): readonly Column[] {
  let kept = COLUMNS
  while (kept.length > 1 && totalOf(kept.map(({ width }) => width)) > columns) {
    const least = Math.min(...kept.map(({ rank }) => rank))
    kept = kept.filter(({ rank }) => rank !== least)
  }
  return kept
}

/** Every column gets the width that it needs; where the sum is too large, wide columns share what the others leave. */
function shared(kept: readonly Column[], at: { wanted: readonly number[]; columns: number }): number[] {
  const widths = kept.map(({ width }) => Math.min(width, at.columns))
  let spare = at.columns - totalOf(widths)
  const byNeed = kept
    .map((column, index) => ({ index, need: at.wanted[index]! - column.width }))
    .filter(({ need }) => need > 0)
    .toSorted((a, b) => a.need - b.need)
  for (const [place, { index, need }] of byNeed.entries()) {
    const given = Math.min(need, Math.floor(spare / (byNeed.length - place)))
    widths[index]! += given
    spare -= given
  }
  return widths
}

const totalOf = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, (widths.length - 1) * GAP.length)

const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))

function textOf({ cell }: Column, imageSet: ImageSetsMetadataSummary): string {
  const value = cell(imageSet)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return shown(String(value ?? ''))
}

const studyTime = ({ DICOMStudyDate = '', DICOMStudyTime = '' }: NonNullable<ImageSetsMetadataSummary['DICOMTags']>) =>
  `${drawDate(DICOMStudyDate)} ${drawTime(DICOMStudyTime)}`.trim()
