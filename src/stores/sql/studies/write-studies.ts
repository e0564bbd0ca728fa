/**
 * Keeps the studies equal to their primary image sets, in the transaction that changes these. A study is made again from all its image sets:
 * they are few, and so it is right whatever has changed.
 */
import { vrOfKeyword } from '../../../imaging/dicomweb-search/attributes.ts'
import { comparedText } from '../../../imaging/dicomweb-search/match.ts'
import { summaryTexts } from '../../../imaging/dicomweb-search/summary-values.ts'
import { wordsOf } from '../../../imaging/search/words.ts'
import type { StudyAttributes } from '../../catalog/study-repository.ts'
import { allOfMany, run, type Sql } from '../engine/statement.ts'
import { purgeRowHistory } from '../history/changes.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'
import { modalitiesText, STATE_COLUMNS, STUDY_COLUMNS, type StudyKeyword } from './study-columns.ts'
import { BY_WORDS, isCut } from './words-of-criteria.ts'

type StudyState = Omit<RowOf<'studies'>, 'study' | 'datastore' | 'changed_in'>

/** Values are compared, and are in indexes, by so many characters: those of every VR, and fewer than a page of an index holds. */
const COMPARED_CHARACTERS_MAX = 256

const SINGLE_VALUED = Object.keys(STUDY_COLUMNS) as readonly StudyKeyword[]

type ImageSetRow = Pick<
  RowOf<'image_sets'>,
  'row_id' | 'updated_at' | 'instance_count' | 'tags' | 'unlisted_texts' | 'study_instance_uid' | 'series_instance_uid'
>

/** The states that the studies have to have, by StudyInstanceUID; none where a study has no primary image set. */
function* statesOf(datastore: number, studyInstanceUIDs: readonly string[]): Sql<ReadonlyMap<string, StudyState>> {
  // The sum keeps SQLite from using an index that begins with is_primary, where nearly all image sets have one value.
  const rows = yield* allOfMany<ImageSetRow>(
    (marks) =>
      `SELECT row_id, updated_at, instance_count, tags, unlisted_texts, study_instance_uid, series_instance_uid FROM image_sets
       WHERE datastore = ? AND study_instance_uid IN (${marks}) AND is_primary + 0 = 1 AND deleted_at IS NULL`,
    [datastore],
    studyInstanceUIDs,
  )
  const states = new Map<string, StudyState>()
  for (const [uid, imageSets] of Map.groupBy(rows, (row) => row.study_instance_uid!)) {
    states.set(uid, stateOf(imageSets.toSorted((a, b) => a.row_id - b.row_id)))
  }
  return states
}

function stateOf(imageSets: readonly ImageSetRow[]): StudyState {
  const [first] = imageSets
  const texts = imageSets.map(({ tags, unlisted_texts }) => summaryTexts(tags, unlisted_texts))
  const modalities = new Set(texts.flatMap(({ Modality }) => Modality || []))
  const attributes: StudyAttributes = {
    ...Object.fromEntries(
      SINGLE_VALUED.flatMap((keyword) => (texts[0]![keyword] ? [[keyword, texts[0]![keyword]]] : [])),
    ),
    StudyInstanceUID: first!.study_instance_uid!,
    ModalitiesInStudy: [...modalities].sort(),
  }
  return {
    row_id: first!.row_id,
    updated_at: Math.max(...imageSets.map((each) => each.updated_at)),
    // A series may have several: its files disagree.
    series: new Set(imageSets.map((each) => each.series_instance_uid)).size,
    instances: imageSets.reduce((sum, each) => sum + each.instance_count, 0),
    modalities: modalitiesText(attributes.ModalitiesInStudy),
    attributes: JSON.stringify(attributes),
    words_cut: BY_WORDS.some((keyword) => isCut(attributes[keyword] ?? '')) ? 1 : 0,
    ...comparedColumns(attributes),
  }
}

type ComparedColumns = Pick<StudyState, (typeof STUDY_COLUMNS)[StudyKeyword]['column']> &
  Pick<StudyState, 'patient_name_words' | 'referring_physician_words'>

function comparedColumns(attributes: StudyAttributes): ComparedColumns {
  const columns: Record<string, string | null> = {}
  for (const [keyword, each] of Object.entries(STUDY_COLUMNS)) {
    const text = attributes[keyword as StudyKeyword]
    columns[each.column] = text === undefined ? null : comparedOrNull(vrOfKeyword(keyword), text)
    if ('words' in each) columns[each.words] = text === undefined ? null : wordsText(text)
  }
  return columns as unknown as ComparedColumns
}

const comparedOrNull = (vr: string, text: string): string | null =>
  [...comparedText(vr, text)].slice(0, COMPARED_CHARACTERS_MAX).join('') || null

/** A prefix of a word follows a space. */
const wordsText = (text: string): string => [...wordsOf(text)].map((word) => ` ${word}`).join('')

type StudyRow = StudyState & { readonly study: number }

interface StudyDifferences {
  readonly added: readonly StudyState[]
  /** With the states that they have to have. */
  readonly changed: readonly StudyRow[]
  /** Their numbers. */
  readonly removed: readonly number[]
}

/** How the rows of studies differ from their image sets. */
export function* studyDifferences(datastore: number, studyInstanceUIDs: readonly string[]): Sql<StudyDifferences> {
  const wanted = yield* statesOf(datastore, studyInstanceUIDs)
  const stored = yield* storedStudies(datastore, studyInstanceUIDs)
  const changed: StudyRow[] = []
  const removed: number[] = []
  for (const [uid, row] of stored) {
    const next = wanted.get(uid)
    if (next === undefined) removed.push(row.study)
    else if (STATE_COLUMNS.some((column) => valueIn(row, column) !== valueIn(next, column))) {
      changed.push({ study: row.study, ...next })
    }
  }
  return { added: [...wanted].flatMap(([uid, state]) => (stored.has(uid) ? [] : [state])), changed, removed }
}

/** @param change.at of the change: former states are kept for searches whose snapshot is older. Undefined: they are not, since they were wrong. */
export function* updateStudies(
  datastore: number,
  studyInstanceUIDs: readonly string[],
  { number, at }: { readonly number: number; readonly at: number | undefined },
): Sql<void> {
  const { added, changed, removed } = yield* studyDifferences(datastore, studyInstanceUIDs)
  yield* insertRows(
    'studies',
    added.map((state) => ({ datastore, changed_in: number, ...state })),
  )
  for (const { study, ...state } of changed) {
    if (at !== undefined) yield* keepState(study, { number, at })
    yield* run(
      `UPDATE studies SET changed_in = ?, ${STATE_COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE study = ?`,
      ...[number, ...STATE_COLUMNS.map((column) => valueIn(state, column)), study],
    )
  }
  for (const study of removed) yield* removeStudy(study)
  yield* addToTotal(datastore, added.length - removed.length)
  if (at !== undefined && changed.length > 0) {
    yield* purgeRowHistory({ datastore, at, added: changed.length }, 'study_history')
  }
}

const valueIn = (state: StudyState, column: string) => state[column as keyof StudyState]

function* storedStudies(datastore: number, studyInstanceUIDs: readonly string[]): Sql<ReadonlyMap<string, StudyRow>> {
  const rows = yield* allOfMany<StudyRow>(
    (marks) =>
      `SELECT study, ${STATE_COLUMNS.join(', ')} FROM studies WHERE datastore = ? AND study_instance_uid IN (${marks})`,
    [datastore],
    studyInstanceUIDs,
  )
  return new Map(rows.map((row) => [row.study_instance_uid, row]))
}

function* keepState(study: number, { number, at }: { readonly number: number; readonly at: number }): Sql<void> {
  const columns = ['study', 'datastore', ...STATE_COLUMNS].join(', ')
  yield* run(
    `INSERT INTO study_history (from_change, until_change, superseded_at, ${columns})
     SELECT changed_in, CAST(? AS BIGINT), CAST(? AS BIGINT), ${columns} FROM studies WHERE study = ?`,
    ...[number, at, study],
  )
}

/** Its former states too: patients' values leave with the last image set. */
function* removeStudy(study: number): Sql<void> {
  yield* run('DELETE FROM studies WHERE study = ?', study)
  yield* run('DELETE FROM study_history WHERE study = ?', study)
}

function* addToTotal(datastore: number, studies: number): Sql<void> {
  if (studies === 0) return
  yield* insertRows('study_totals', [{ datastore, studies }], {
    onConflict: 'ON CONFLICT (datastore) DO UPDATE SET studies = study_totals.studies + excluded.studies',
  })
}
