/** All studies of a data store, batch by batch: those that image sets have, and those that have a row. */
import { all, one, type Sql } from '../engine/statement.ts'
import { studyDifferences, updateStudies } from './write-studies.ts'

const STUDIES_PER_BATCH = 1_000

interface Batch {
  readonly studyInstanceUIDs: readonly string[]
  /** Where the next batch begins; undefined: there is none. */
  readonly next: string | undefined
}

/** In the order of UIDs. @param after the last of the batch before; an empty text: the first batch */
function* studiesAfter(datastore: number, after: string): Sql<Batch> {
  const found = new Set<string>()
  let last: string | undefined
  for (const from of ['image_sets WHERE deleted_at IS NULL AND', 'studies WHERE']) {
    const rows = yield* all<{ uid: string }>(
      `SELECT DISTINCT study_instance_uid AS uid FROM ${from} datastore = ? AND study_instance_uid > ?
       ORDER BY study_instance_uid LIMIT ?`,
      ...[datastore, after, STUDIES_PER_BATCH],
    )
    for (const { uid } of rows) found.add(uid)
    // Beyond the end of a full list, the other one may have more.
    if (rows.length === STUDIES_PER_BATCH && (last === undefined || rows.at(-1)!.uid < last)) last = rows.at(-1)!.uid
  }
  const end = last
  return { studyInstanceUIDs: [...found].filter((uid) => end === undefined || uid <= end), next: end }
}

/** Makes the studies of a batch equal to their image sets. @returns where the next batch begins */
export function* repairBatch(
  datastore: number,
  { after, change }: { readonly after: string; readonly change: number },
): Sql<string | undefined> {
  const { studyInstanceUIDs, next } = yield* studiesAfter(datastore, after)
  yield* updateStudies(datastore, studyInstanceUIDs, { number: change, at: undefined })
  if (next === undefined) yield* countAgain(datastore)
  return next
}

function* countAgain(datastore: number): Sql<void> {
  const { counted, recorded } = yield* totals(datastore)
  if (counted === recorded) return
  yield* all('DELETE FROM study_totals WHERE datastore = ?', datastore)
  yield* all('INSERT INTO study_totals (datastore, studies) VALUES (?, ?)', ...[datastore, counted])
}

function* totals(datastore: number): Sql<{ readonly counted: number; readonly recorded: number }> {
  const row = yield* one<{ counted: number; recorded: number | null }>(
    `SELECT (SELECT count(*) FROM studies WHERE datastore = ?) AS counted,
       (SELECT studies FROM study_totals WHERE datastore = ?) AS recorded`,
    ...[datastore, datastore],
  )
  return { counted: row!.counted, recorded: row!.recorded ?? 0 }
}

/** How a batch differs from its image sets, and, with the last one, whether the total does. */
export function* compareBatch(
  datastore: number,
  after: string,
): Sql<{ readonly differing: number; readonly isTotalWrong: boolean; readonly next: string | undefined }> {
  const { studyInstanceUIDs, next } = yield* studiesAfter(datastore, after)
  const { added, changed, removed } = yield* studyDifferences(datastore, studyInstanceUIDs)
  const { counted, recorded } = next === undefined ? yield* totals(datastore) : { counted: 0, recorded: 0 }
  return { differing: added.length + changed.length + removed.length, isTotalWrong: counted !== recorded, next }
}
