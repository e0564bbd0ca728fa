/** Groups of recorded files that are about to become versions: read from their rows, and placed among the image sets of their studies. */
import assert from 'node:assert/strict'
import { type GroupingElements, placeGroup, type StandingImageSet } from '../../../imaging/grouping.ts'
import { ImageSetLocked, type UnpublishedGroup } from '../../catalog/image-set-records.ts'
import { allOfMany, type Sql } from '../engine/statement.ts'
import { elementsOfKey } from '../rows/grouping-columns.ts'
import type { RowOf } from '../rows/tables.ts'
import { isStudyUpdated } from '../workflows/study-updates.ts'

/** How many files a group has, and how many instances these are. */
export type FileCounts = ReadonlyMap<number, Pick<PlacedGroup, 'files' | 'instances'>>

export type GroupRow = { readonly id_suffix: string | null } & Omit<RowOf<'import_groups'>, 'job' | 'grouping_digest'>

export interface PlacedGroup {
  readonly group: GroupRow
  readonly elements: GroupingElements
  readonly files: number
  /** Fewer than the files if several have the same SOPInstanceUID. */
  readonly instances: number
  readonly isPrimary: boolean
}

/** The group becomes the next version of this image set. */
export type ExtendingGroup = PlacedGroup & { readonly rowId: number }

/** By groupId, in the order of the groups. */
export function* readGroups(job: number, groups: readonly UnpublishedGroup[]): Sql<ReadonlyMap<number, GroupRow>> {
  const ids = groups.map(({ groupId }) => groupId)
  const rows = yield* allOfMany<GroupRow>(
    (marks) =>
      `SELECT group_id, grouping_key, study_timestamp, tags, unlisted_texts, attributes_blob, attributes_offset_bytes, attributes_size_bytes, row_id,
       version, is_primary, matched_instances,
       (SELECT id_suffix FROM image_sets WHERE row_id = import_groups.row_id) AS id_suffix
       FROM import_groups WHERE job = ? AND group_id IN (${marks})`,
    [job],
    ids,
  )
  const found = new Map(rows.map((row) => [row.group_id, row]))
  return new Map(
    ids.map((id) => {
      const row = found.get(id)
      assert(row, 'a group is published under the lease of its own job')
      return [id, row]
    }),
  )
}

/** @param of.standing the primary image sets of their studies @throws ImageSetLocked while an update changes all image sets of one of the studies */
export function* placeGroups(
  groups: readonly GroupRow[],
  { counts, standing }: { readonly counts: FileCounts; readonly standing: Map<string, StandingImageSet[]> },
): Sql<{ readonly created: readonly PlacedGroup[]; readonly extending: readonly ExtendingGroup[] }> {
  const elementsOf = new Map(groups.map((group) => [group, elementsOfKey(group.grouping_key)]))
  if (yield* isStudyUpdated([...standing.values()].flat().map(({ rowId }) => rowId))) throw new ImageSetLocked()
  const created: PlacedGroup[] = []
  const extending: ExtendingGroup[] = []
  for (const [group, elements] of elementsOf) {
    const primaries: StandingImageSet[] = standing.get(elements.StudyInstanceUID) ?? []
    const placement = placeGroup(elements, primaries)
    const { files, instances } = counts.get(group.group_id)!
    const placed = { group, elements, files, instances, isPrimary: placement.place !== 'new-non-primary' }
    if (placement.place === 'extend') {
      extending.push({ ...placed, rowId: placement.rowId })
      continue
    }
    created.push(placed)
    // The groups that follow are placed beside it. None extends it: two groups of a job never have the same elements.
    if (placed.isPrimary) standing.set(elements.StudyInstanceUID, [...primaries, { rowId: Number.NaN, elements }])
  }
  return { created, extending }
}

interface CountRow {
  readonly group_id: number
  readonly files: number
  readonly instances: number
}

export function* countFiles(groups: readonly GroupRow[]): Sql<FileCounts> {
  const rows = yield* allOfMany<CountRow>(
    (marks) =>
      `SELECT group_id, count(*) AS files, count(DISTINCT sop_instance_uid) AS instances FROM import_files
       WHERE group_id IN (${marks}) GROUP BY group_id`,
    [],
    groups.map(({ group_id }) => group_id),
  )
  return new Map(rows.map((row) => [row.group_id, row]))
}
