/** The rows of instances as searches compare them, and where the found ones lie. */
import { vrOfKeyword } from '../../../imaging/dicomweb-search/attributes.ts'
import type { Criterion } from '../../../imaging/dicomweb-search/criteria.ts'
import { comparedText, matches, type ValuesOf } from '../../../imaging/dicomweb-search/match.ts'
import type { PlacedInstance } from '../../catalog/image-set-records.ts'
import { all, allOfMany, type Sql, type SqlValue } from '../engine/statement.ts'
import { type InstanceRecordRow, recordOf, selectRecords } from '../image-sets/instance-records.ts'
import type { RowOf } from '../rows/tables.ts'
import type { ComparedSeries, SeriesRow } from './series-rows.ts'

const COLUMNS = 'row_id, sop_instance_uid, sop_class_uid, instance_number, warning_reasons, added_in'

export type InstanceRow = Pick<
  RowOf<'instances'>,
  'row_id' | 'sop_instance_uid' | 'sop_class_uid' | 'instance_number' | 'warning_reasons' | 'added_in'
>

/** A greater number than any InstanceNumber (VR IS): instances without one are last. */
const NO_NUMBER = 2 ** 52

export const numberOf = ({ instance_number }: InstanceRow): number => instance_number ?? NO_NUMBER

/** Criteria on SOPInstanceUID that the primary key answers. */
export function wantedUIDs(criteria: readonly Criterion[]): readonly string[] | undefined {
  const found = criteria.find(({ keyword, match }) => keyword === 'SOPInstanceUID' && match.kind === 'equal')
  return found?.match.kind === 'equal' ? found.match.values.map((text) => comparedText('UI', text)) : undefined
}

export function* readInstances(
  rowIds: readonly number[],
  sopInstanceUIDs: readonly string[] | undefined,
): Sql<readonly InstanceRow[]> {
  const select = `SELECT ${COLUMNS} FROM instances WHERE removed_in IS NULL`
  if (sopInstanceUIDs === undefined)
    return yield* allOfMany<InstanceRow>((marks) => `${select} AND row_id IN (${marks})`, [], rowIds)
  const rows: InstanceRow[] = []
  for (const rowId of rowIds)
    rows.push(
      ...(yield* allOfMany<InstanceRow>(
        (marks) => `${select} AND row_id = ? AND sop_instance_uid IN (${marks})`,
        [rowId],
        sopInstanceUIDs,
      )),
    )
  return rows
}

/** Of one series, in the order of InstanceNumber, then SOPInstanceUID. */
export function* readInstancesInOrder(
  rowId: number,
  { after, limit }: { readonly after: readonly [number, string] | undefined; readonly limit: number },
): Sql<readonly InstanceRow[]> {
  const number = `COALESCE(instance_number, ${NO_NUMBER})`
  const [condition, position]: [string, readonly SqlValue[]] =
    after === undefined ? ['', []] : [` AND (${number}, sop_instance_uid) > (CAST(? AS BIGINT), ?)`, after]
  return yield* all<InstanceRow>(
    `SELECT ${COLUMNS} FROM instances WHERE row_id = ? AND removed_in IS NULL${condition}
     ORDER BY ${number}, sop_instance_uid LIMIT ?`,
    ...[rowId, ...position, limit],
  )
}

/** When the rows began: by series and version. */
export function* timesOfVersions(rowIds: readonly number[]): Sql<ReadonlyMap<string, number>> {
  const rows = yield* allOfMany<{ row_id: number; version: number; updated_at: number }>(
    (marks) => `SELECT row_id, version, updated_at FROM image_set_versions WHERE row_id IN (${marks})`,
    [],
    rowIds,
  )
  return new Map(rows.map((row) => [`${row.row_id} ${row.version}`, row.updated_at]))
}

export const reasonsIn = ({ warning_reasons }: InstanceRow): readonly string[] => warning_reasons?.split('\\') ?? []

/** Of the instance and of its series. */
export const valuesOfInstance =
  (row: InstanceRow, series: Pick<ComparedSeries, 'valuesOf'>, updatedAt: number | undefined): ValuesOf =>
  (keyword) => {
    switch (keyword) {
      case 'SOPInstanceUID':
        return [row.sop_instance_uid]
      case 'SOPClassUID':
        return [row.sop_class_uid]
      case 'InstanceNumber':
        return row.instance_number === null ? [] : [String(row.instance_number)]
      case 'WarningReason':
        return reasonsIn(row)
      case 'updatedAt':
        return updatedAt === undefined ? [] : [String(updatedAt)]
      default:
        return series.valuesOf(keyword)
    }
  }

export const isMatchingInstance = (valuesOf: ValuesOf, criteria: readonly Criterion[]): boolean =>
  matches(criteria, { valuesOf, vrOf: vrOfKeyword })

/** The instances as they are now; those that were deleted meanwhile are absent. */
export function* placeInstances(
  series: SeriesRow,
  sopInstanceUIDs: readonly string[],
): Sql<ReadonlyMap<string, PlacedInstance>> {
  const rows = yield* allOfMany<InstanceRecordRow>(
    (marks) =>
      `${selectRecords('instances')} WHERE row_id = ? AND removed_in IS NULL AND sop_instance_uid IN (${marks})`,
    [series.rowId],
    sopInstanceUIDs,
  )
  const placed = rows.map((row) => ({ ...recordOf(row), ...series.found.imageSet }))
  return new Map(placed.map((instance) => [instance.sopInstanceUID, instance]))
}
