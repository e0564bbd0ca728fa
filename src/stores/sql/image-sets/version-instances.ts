/** The instances of the next version of an image set, in SQL. Rows begin and end with versions; bytes stay where they are. */
import assert from 'node:assert/strict'
import type { MetadataRange } from '../../catalog/image-set-records.ts'
import type { VersionInstances } from '../../catalog/workflow-repository.ts'
import { addUses } from '../blobs/blob-uses.ts'
import { all, allOfMany, type Sql } from '../engine/statement.ts'
import { BUT_METADATA_COLUMNS, INSTANCE_COLUMNS } from '../rows/instance-columns.ts'

interface NextVersion {
  readonly rowId: number
  readonly version: number
  /** The numbers of the blobs that were written for the version. */
  readonly blobs: ReadonlyMap<string, number>
}

export function* nextInstances(
  next: NextVersion,
  instances: VersionInstances,
  rowIdOf: ReadonlyMap<string, number>,
): Sql<void> {
  switch (instances.kind) {
    case 'changed':
      yield* endInstances(next, [
        ...instances.removed,
        ...instances.replaced.map(({ sopInstanceUID }) => sopInstanceUID),
      ])
      for (const { sopInstanceUID, by } of instances.replaced) yield* replace(next, sopInstanceUID, by)
      return
    case 'of-version':
      return yield* revert(next, instances.version)
    case 'added':
      return yield* add(next, rowIdOf.get(instances.from.imageSetId)!, instances)
  }
}

function* endInstances({ rowId, version }: NextVersion, sopInstanceUIDs: readonly string[]): Sql<void> {
  const ended = yield* allOfMany(
    (marks) =>
      `UPDATE instances SET removed_in = CAST(? AS BIGINT) WHERE row_id = ? AND removed_in IS NULL AND sop_instance_uid IN (${marks})
       RETURNING 1 AS ended`,
    [version, rowId],
    sopInstanceUIDs,
  )
  assert.equal(ended.length, sopInstanceUIDs.length, 'what changes in a version is in the one before')
}

function* replace(
  { rowId, version, blobs }: NextVersion,
  sopInstanceUID: string,
  by: {
    readonly sopInstanceUID: string
    readonly instanceNumber: number | null
    readonly metadata: MetadataRange
  },
): Sql<void> {
  const { blobKey, offsetBytes, instanceMetadataBytes, imageSetAttributesBytes } = by.metadata
  yield* all(
    `INSERT INTO instances (row_id, sop_instance_uid, added_in, ${BUT_METADATA_COLUMNS}, metadata_blob, metadata_offset_bytes,
       instance_metadata_bytes, attributes_bytes, instance_number)
     SELECT row_id, ?, removed_in, ${BUT_METADATA_COLUMNS}, CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT),
       CAST(? AS BIGINT)
     FROM instances WHERE row_id = ? AND sop_instance_uid = ? AND removed_in = ?`,
    ...[
      by.sopInstanceUID,
      blobs.get(blobKey)!,
      offsetBytes,
      instanceMetadataBytes,
      imageSetAttributesBytes,
      by.instanceNumber,
      rowId,
      sopInstanceUID,
      version,
    ],
  )
}

/** Ends rows that began since the version, and repeats rows that have ended since. */
function* revert({ rowId, version }: NextVersion, to: number): Sql<void> {
  yield* all(
    'UPDATE instances SET removed_in = ? WHERE row_id = ? AND removed_in IS NULL AND added_in > ?',
    ...[version, rowId, to],
  )
  yield* all(
    `INSERT INTO instances (row_id, sop_instance_uid, added_in, ${INSTANCE_COLUMNS})
     SELECT row_id, sop_instance_uid, CAST(? AS BIGINT), ${INSTANCE_COLUMNS} FROM instances
     WHERE row_id = ? AND added_in <= ? AND removed_in > ?`,
    ...[version, rowId, to, to],
  )
}

/** The rows refer to the same bytes, which both image sets use from now on. */
function* add(
  { rowId, version }: NextVersion,
  from: number,
  { from: source, sopInstanceUIDs }: VersionInstances & { readonly kind: 'added' },
): Sql<void> {
  const insert = (condition: string) =>
    `INSERT INTO instances (row_id, sop_instance_uid, added_in, ${INSTANCE_COLUMNS})
     SELECT CAST(? AS BIGINT), sop_instance_uid, CAST(? AS BIGINT), ${INSTANCE_COLUMNS} FROM instances
     WHERE row_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?) ${condition} RETURNING blob, metadata_blob, frames_blob`
  const values = [rowId, version, from, source.version, source.version]
  type Blobs = { readonly blob: number; readonly metadata_blob: number; readonly frames_blob: number | null }
  const rows =
    sopInstanceUIDs === undefined
      ? yield* all<Blobs>(insert(''), ...values)
      : yield* allOfMany<Blobs>((marks) => insert(`AND sop_instance_uid IN (${marks})`), values, sopInstanceUIDs)
  const blobs = rows.flatMap((row) => [row.blob, row.metadata_blob, row.frames_blob]).filter((blob) => blob !== null)
  yield* addUses([...new Set(blobs)].map((blob) => ({ blob, row_id: rowId })))
}
