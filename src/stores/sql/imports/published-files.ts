/**
 * Of several files of a group with the same SOPInstanceUID the last is published: it becomes the instance, and its image set uses its blobs.
 * The others are unreferenced.
 */
import type { ImportWarning } from '../../../imaging/import-warnings.ts'
import type { GroupDocuments } from '../../catalog/image-set-records.ts'
import { addUses } from '../blobs/blob-uses.ts'
import { allOfMany, type Sql } from '../engine/statement.ts'
import { INSTANCE_COLUMNS } from '../rows/instance-columns.ts'
import type { RowOf } from '../rows/tables.ts'
import { reasonsOf } from './import-files.ts'
import type { FileCounts, GroupRow } from './placed-groups.ts'
import type { PublishedGroup } from './published-groups.ts'

type BlobsRow = Pick<RowOf<'instances'>, 'blob' | 'metadata_blob' | 'frames_blob'>

type BlobsOfGroup = BlobsRow & { readonly group_id: number }

type CountedGroup = Pick<PublishedGroup, 'group' | 'files' | 'instances'>

const blobsOf = ({ blob, metadata_blob, frames_blob }: BlobsRow): readonly number[] =>
  [blob, metadata_blob, frames_blob].filter((each) => each !== null)

export const addInstances = (published: readonly PublishedGroup[]) =>
  ofPublishedFiles(
    published,
    (condition) =>
      `INSERT INTO instances (row_id, sop_instance_uid, added_in, ${INSTANCE_COLUMNS})
       SELECT import_groups.row_id, sop_instance_uid, import_groups.version, ${INSTANCE_COLUMNS}
       FROM import_groups JOIN import_files ON import_files.group_id = import_groups.group_id WHERE ${condition}`,
  )

/** The blobs of the files that are published, by group. @param counts of their files */
export function* blobsOfFiles(groups: readonly GroupRow[], counts: FileCounts): Sql<readonly BlobsOfGroup[]> {
  const counted = groups.map((group) => ({ group, ...counts.get(group.group_id)! }))
  return yield* ofPublishedFiles<BlobsOfGroup>(
    counted,
    (condition) => `SELECT DISTINCT group_id, blob, metadata_blob, frames_blob FROM import_files WHERE ${condition}`,
  )
}

export function* addBlobUses(
  published: readonly PublishedGroup[],
  { ofGroups, documentBlob }: { readonly ofGroups: readonly BlobsOfGroup[]; readonly documentBlob: number },
): Sql<void> {
  const rowIdOf = new Map(published.map(({ group, rowId }) => [group.group_id, rowId]))
  const ofFiles = ofGroups.flatMap((row) => blobsOf(row).map((blob) => ({ blob, row_id: rowIdOf.get(row.group_id)! })))
  const ofDocuments = published.map(({ rowId }) => ({ blob: documentBlob, row_id: rowId }))
  yield* addUses([...ofFiles, ...ofDocuments])
}

/** The blobs of groups in which some files are not published. */
export function* partlyUnpublishedBlobs(published: readonly PublishedGroup[]): Sql<readonly number[]> {
  const rows = yield* allOfMany<BlobsRow>(
    (marks) => `SELECT DISTINCT blob, metadata_blob, frames_blob FROM import_files WHERE group_id IN (${marks})`,
    [],
    published.filter(({ files, instances }) => files !== instances).map(({ group }) => group.group_id),
  )
  return rows.flatMap(blobsOf)
}

/** The warnings that come with the documents: they describe the published files, and go with them to their instances. */
export function* addWarnings(groups: readonly GroupRow[], documents: GroupDocuments): Sql<void> {
  for (const group of groups) {
    const warnings = documents.byGroup.get(group.group_id)!.warnings
    if (warnings === undefined || warnings.size === 0) continue
    const rows = yield* allOfMany<{ file: number; sop_instance_uid: string; warnings: string | null }>(
      (marks) =>
        `SELECT file, sop_instance_uid, warnings FROM import_files
         WHERE file IN (SELECT max(file) FROM import_files WHERE group_id = ? AND sop_instance_uid IN (${marks})
           GROUP BY sop_instance_uid)`,
      [group.group_id],
      [...warnings.keys()],
    )
    const textOf = (row: (typeof rows)[number]): string =>
      JSON.stringify([
        ...(row.warnings === null ? [] : (JSON.parse(row.warnings) as readonly ImportWarning[])),
        warnings.get(row.sop_instance_uid)!,
      ])
    // Files of one series mostly differ in the same attributes.
    for (const [text, files] of Map.groupBy(rows, textOf)) {
      yield* allOfMany(
        (marks) => `UPDATE import_files SET warnings = ?, warning_reasons = ? WHERE file IN (${marks})`,
        [text, reasonsOf(JSON.parse(text))],
        files.map(({ file }) => file),
      )
    }
  }
}

/** Files are numbered in the order of their keys: the last of several with the same SOPInstanceUID has the greatest number. */
function* ofPublishedFiles<R>(
  published: readonly CountedGroup[],
  statement: (condition: string) => string,
): Sql<readonly R[]> {
  const idsOf = (some: readonly CountedGroup[]) => some.map(({ group }) => group.group_id)
  const each = yield* allOfMany<R>(
    (marks) => statement(`import_files.group_id IN (${marks})`),
    [],
    idsOf(published.filter(({ files, instances }) => files === instances)),
  )
  const last = yield* allOfMany<R>(
    (marks) =>
      statement(
        `file IN (SELECT max(file) FROM import_files WHERE group_id IN (${marks}) GROUP BY group_id, sop_instance_uid)`,
      ),
    [],
    idsOf(published.filter(({ files, instances }) => files !== instances)),
  )
  return [...each, ...last]
}
