/**
 * The order of a search for studies as SQL: its columns, and the ranges after a position, each of which one index gives in order. Without a
 * value: last, in both directions.
 */
import type { OrderKey } from '../../../imaging/dicomweb-search/criteria.ts'
import { compareCodePoints } from '../../../imaging/dicomweb-search/match.ts'
import type { StudyPosition } from '../../catalog/study-repository.ts'
import type { SqlValue } from '../engine/statement.ts'
import { isStudyKeyword, STUDY_COLUMNS } from './study-columns.ts'

interface OrderColumn {
  readonly column: string
  readonly descending: boolean
  readonly isNullable: boolean
}

export interface StudyOrder {
  /** The last is the number of the study, so that no two positions are equal. */
  readonly columns: readonly OrderColumn[]
  /** The column with whose index it begins. */
  readonly index: string
}

/** Studies in a range, in the order of ORDER BY. */
export interface StudyRange {
  readonly text: string
  readonly values: readonly SqlValue[]
  readonly orderBy: string
}

const NEVER_NULL = ['updated_at', 'study_instance_uid', 'study']

export function orderOf(keys: readonly OrderKey[]): StudyOrder {
  const columns = new Map<string, OrderColumn>()
  for (const { keyword, descending } of keys) {
    const column = columnOf(keyword)
    if (!columns.has(column)) columns.set(column, { column, descending, isNullable: !NEVER_NULL.includes(column) })
  }
  const descending = [...columns.values()].at(-1)?.descending ?? false
  const [first = 'updated_at'] = columns.keys()
  return {
    columns: [...columns.values(), { column: 'study', descending, isNullable: false }],
    index: first,
  }
}

function columnOf(keyword: string): string {
  if (keyword === 'updatedAt') return 'updated_at'
  if (keyword === 'ModalitiesInStudy') return 'modalities'
  if (!isStudyKeyword(keyword)) throw new Error(`studies are not ordered by ${keyword}`)
  return STUDY_COLUMNS[keyword].column
}

/** The columns of a position, to SELECT. */
export const selectPosition = ({ columns }: StudyOrder): string =>
  columns.map(({ column }, at) => `${column} AS key${at}`).join(', ')

export type PositionRow = Readonly<Record<`key${number}`, string | number | null>>

export const positionIn = ({ columns }: StudyOrder, row: PositionRow): StudyPosition =>
  columns.map((_, at) => row[`key${at}`]!)

export const studyAt = (position: StudyPosition): number => position.at(-1) as number

export function comparePositions({ columns }: StudyOrder, a: StudyPosition, b: StudyPosition): number {
  for (const [at, { descending }] of columns.entries()) {
    const [left, right] = [a[at]!, b[at]!]
    if (left === right) continue
    if (left === null || right === null) return left === null ? 1 : -1
    const order = typeof left === 'number' ? left - (right as number) : compareCodePoints(left, right as string)
    return descending ? -order : order
  }
  return 0
}

/** All studies, or those after a position: ranges that follow each other. */
export function rangesAfter({ columns }: StudyOrder, after: StudyPosition | undefined): readonly StudyRange[] {
  if (after === undefined) return rangesBeyond(columns, { at: 0, equal: { texts: [], values: [] }, from: undefined })
  return columns
    .map((_, at) => {
      const equal = equalUntil(columns, after, at)
      return after[at] === null ? [] : rangesBeyond(columns, { at, equal, from: after[at] })
    })
    .reverse()
    .flat()
}

interface Equal {
  readonly texts: readonly string[]
  readonly values: readonly SqlValue[]
}

function equalUntil(columns: readonly OrderColumn[], position: StudyPosition, end: number): Equal {
  const before = columns.slice(0, end)
  return {
    texts: before.map(({ column }, at) => (position[at] === null ? `${column} IS NULL` : `${column} = ?`)),
    values: position.slice(0, end).filter((value) => value !== null),
  }
}

/** Studies beyond a value of the column, then those without one. */
function rangesBeyond(
  columns: readonly OrderColumn[],
  { at, equal, from }: { readonly at: number; readonly equal: Equal; readonly from: string | number | undefined },
): readonly StudyRange[] {
  const { column, descending, isNullable } = columns[at]!
  const beyond =
    from !== undefined
      ? { text: `${column} ${descending ? '<' : '>'} ?`, values: [from] }
      : isNullable
        ? // No value is empty. Unlike IS NOT NULL it is a range of an index.
          { text: `${column} > ''`, values: [] }
        : { text: '', values: [] }
  const range = (condition: { text: string; values: readonly SqlValue[] }, ordered: readonly OrderColumn[]) => ({
    text: [...equal.texts, condition.text].filter((text) => text !== '').join(' AND '),
    values: [...equal.values, ...condition.values],
    orderBy: orderByOf(ordered),
  })
  const some = range(beyond, [{ ...columns[at]!, isNullable: false }, ...columns.slice(at + 1)])
  if (!isNullable) return [some]
  return [some, range({ text: `${column} IS NULL`, values: [] }, columns.slice(at + 1))]
}

const orderByOf = (columns: readonly OrderColumn[]): string =>
  columns
    .flatMap(({ column, descending, isNullable }) => [
      ...(isNullable ? [`${column} IS NULL`] : []),
      `${column} ${descending ? 'DESC' : 'ASC'}`,
    ])
    .join(', ')
