/** Reads the primary image sets of which a search picks series: by the most selective index, chunk by chunk in the order of their creation. */
import type { Criterion } from '../../../imaging/dicomweb-search/criteria.ts'
import { comparedText, type ValuesOf } from '../../../imaging/dicomweb-search/match.ts'
import { summaryTexts, valuesOfTexts } from '../../../imaging/dicomweb-search/summary-values.ts'
import type { FoundSeries, SeriesSearchRequest } from '../../catalog/series-repository.ts'
import type { Dialect } from '../engine/differences.ts'
import { all, allOfMany, one, type Sql, type SqlValue } from '../engine/statement.ts'
import { imageSetIdOf } from '../rows/image-set-id.ts'
import type { RowOf } from '../rows/tables.ts'

const COLUMNS = 'row_id, id_suffix, version, created_at, instance_count, tags, unlisted_texts'

type SeriesColumns = Pick<
  RowOf<'image_sets'>,
  'row_id' | 'id_suffix' | 'version' | 'created_at' | 'instance_count' | 'tags' | 'unlisted_texts'
>

/** By which series are ordered when nothing else does. */
export interface Creation {
  readonly createdAt: number
  readonly rowId: number
}

/** What a search compares of a series. */
export interface ComparedSeries extends Creation {
  readonly studyInstanceUID: string
  readonly seriesInstanceUID: string
  readonly instances: number
  readonly valuesOf: ValuesOf
}

export interface SeriesRow extends ComparedSeries {
  readonly found: FoundSeries
}

/** Attributes that have a column: where a search compares no others, the rest of the row is not read. */
const COLUMN_OF = {
  StudyInstanceUID: 'study_instance_uid',
  SeriesInstanceUID: 'series_instance_uid',
  AccessionNumber: 'accession_number',
  PatientID: 'patient_id',
  StudyID: 'study_id',
  StudyDate: 'study_date',
  SeriesNumber: 'series_number',
} as const

export const hasColumn = (keyword: string): boolean => Object.hasOwn(COLUMN_OF, keyword)

const COMPARED_COLUMNS = `row_id, created_at, instance_count, ${Object.values(COLUMN_OF).join(', ')}`

type ComparedColumns = Pick<
  RowOf<'image_sets'>,
  'row_id' | 'created_at' | 'instance_count' | (typeof COLUMN_OF)[keyof typeof COLUMN_OF]
>

function comparedSeries(row: ComparedColumns): ComparedSeries {
  return {
    ...{ rowId: row.row_id, createdAt: row.created_at, instances: row.instance_count },
    ...{ studyInstanceUID: row.study_instance_uid!, seriesInstanceUID: row.series_instance_uid! },
    valuesOf(keyword) {
      const text = hasColumn(keyword) ? row[COLUMN_OF[keyword as keyof typeof COLUMN_OF]] : null
      return text === null ? [] : [text]
    },
  }
}

function seriesRow(row: SeriesColumns): SeriesRow {
  const texts = summaryTexts(row.tags, row.unlisted_texts)
  return {
    ...{ rowId: row.row_id, createdAt: row.created_at, instances: row.instance_count },
    ...{ studyInstanceUID: texts.StudyInstanceUID!, seriesInstanceUID: texts.SeriesInstanceUID! },
    valuesOf: valuesOfTexts(texts),
    found: {
      ...{ texts, instances: row.instance_count },
      imageSet: { imageSetId: imageSetIdOf(row.row_id, row.id_suffix), version: row.version },
    },
  }
}

/** The most selective first: a UID has few series. */
const INDEXED = [
  ['SeriesInstanceUID', 'series_instance_uid', 'image_sets_series'],
  ['StudyInstanceUID', 'study_instance_uid', 'image_sets_study'],
  ['AccessionNumber', 'accession_number', 'image_sets_accession'],
  ['PatientID', 'patient_id', 'image_sets_patient'],
  ['StudyID', 'study_id', 'image_sets_study_id'],
] as const

/** The rows of which a search reads some. */
export interface Candidates {
  readonly from: string
  readonly values: readonly SqlValue[]
}

export function candidatesOf(
  {
    datastoreId,
    studyInstanceUIDs,
    criteria,
  }: Pick<SeriesSearchRequest, 'datastoreId' | 'studyInstanceUIDs' | 'criteria'>,
  dialect: Pick<Dialect, 'byIndex'>,
): Candidates {
  const exact = new Map(criteria.flatMap((criterion) => exactValues(criterion)))
  const ofStudies = studyInstanceUIDs === undefined ? exact.get('StudyInstanceUID') : studyInstanceUIDs
  const values = { ...Object.fromEntries(exact), StudyInstanceUID: ofStudies } as Readonly<
    Record<string, readonly string[] | undefined>
  >
  const [keyword, column, index] = INDEXED.find(([name]) => values[name] !== undefined) ?? []
  const where = `datastore = (SELECT datastore FROM datastores WHERE datastore_id = ?) AND deleted_at IS NULL`
  if (keyword === undefined)
    return {
      from: `image_sets ${dialect.byIndex('image_sets_created')} WHERE ${where} AND is_primary = 1`,
      values: [datastoreId],
    }
  const list = filledUp(values[keyword]!)
  return {
    // The sum keeps SQLite from using an index that begins with is_primary.
    from: `image_sets ${dialect.byIndex(index!)} WHERE ${where} AND ${column} IN (${list.map(() => '?').join(', ')}) AND is_primary + 0 = 1`,
    values: [datastoreId, ...list],
  }
}

/** Repeats the last value, so that few statements are prepared. */
function filledUp(values: readonly string[]): readonly string[] {
  const size = 4 ** Math.ceil(Math.log(values.length) / Math.log(4))
  return Array.from({ length: size }, (_, at) => values[Math.min(at, values.length - 1)]!)
}

function exactValues({ keyword, match }: Criterion): [string, readonly string[]][] {
  return match.kind === 'equal' ? [[keyword, match.values.map((text) => comparedText('LO', text))]] : []
}

/** At most `max`. */
export function* countCandidates({ from, values }: Candidates, max: number): Sql<number> {
  const row = yield* one<{ found: number }>(
    `SELECT count(*) AS found FROM (SELECT 1 AS found FROM ${from} LIMIT ?) AS counted`,
    ...[...values, max],
  )
  return row!.found
}

/** All of them in the order of their creation, where they are few. */
export function* listCandidates({ from, values }: Candidates): Sql<readonly ComparedSeries[]> {
  const rows = yield* all<ComparedColumns>(`SELECT ${COMPARED_COLUMNS} FROM ${from}`, ...values)
  return rows.toSorted((a, b) => a.created_at - b.created_at || a.row_id - b.row_id).map(comparedSeries)
}

/** Those created after the given one, in the order of their creation. */
export function* readCandidates(
  { from, values }: Candidates,
  { after, limit }: { readonly after: Creation | undefined; readonly limit: number },
): Sql<readonly SeriesRow[]> {
  const [condition, position]: [string, readonly SqlValue[]] =
    after === undefined ? ['', []] : [' AND (created_at, row_id) > (?, ?)', [after.createdAt, after.rowId]]
  const rows = yield* all<SeriesColumns>(
    `SELECT ${COLUMNS} FROM ${from}${condition} ORDER BY created_at, row_id LIMIT ?`,
    ...[...values, ...position, limit],
  )
  return rows.map(seriesRow)
}

export function* readSeriesRows(rowIds: readonly number[]): Sql<ReadonlyMap<number, SeriesRow>> {
  const rows = yield* allOfMany<SeriesColumns>(
    (marks) => `SELECT ${COLUMNS} FROM image_sets WHERE row_id IN (${marks}) AND deleted_at IS NULL`,
    [],
    rowIds,
  )
  return new Map(rows.map((row) => [row.row_id, seriesRow(row)]))
}
