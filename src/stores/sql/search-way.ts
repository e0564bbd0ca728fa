/**
 * Which part of the index a search goes through: all image sets of a text that few have, or the leaves of spaces. Of two texts that
 * both have a space the smaller one leads; what its entries only hold a hash of is `residual`, and nothing that goes by it is bounded.
 */
import type { Filter, TextAttribute } from '../../imaging/search.ts'
import type { LeafBounds } from '../search-index/leaf-bounds.ts'
import { TEXT_INDEXES } from './search-columns.ts'
import { type BoundsInMemory, NOT_PRIMARY, PRIMARY, type Space, type SpaceKey, spacesFor } from './search-spaces.ts'
import { conditionOf } from './search-walk.ts'
import type { Sql } from './statement.ts'

export type TextFilter = Filter & { readonly attribute: TextAttribute; readonly equals: string }

export interface OpenSpace extends Space {
  readonly bounds: LeafBounds
}

export type Way =
  | {
      readonly kind: 'text'
      readonly text: TextFilter
      readonly others: readonly TextFilter[]
      /** What is left to compare. */
      readonly filters: readonly Filter[]
    }
  | {
      readonly kind: 'spaces'
      readonly spaces: readonly OpenSpace[]
      /** What is left to compare: the spaces do not guarantee it. `residual` is the texts among it. */
      readonly filters: readonly Filter[]
      readonly residual: readonly TextFilter[]
    }

export function* wayTo(
  filters: readonly Filter[],
  from: { readonly datastore: number; readonly latest: number; readonly bounds: BoundsInMemory },
): Sql<Way> {
  const texts = TEXT_INDEXES.flatMap(([attribute]) => filters.filter((filter) => filter.attribute === attribute))
  if (texts.length > 0) return yield* wayToTexts(texts as TextFilter[], { ...from, filters })
  const keys = [PRIMARY, NOT_PRIMARY].filter(({ value }) => isWanted(value, filters))
  const spaces = yield* opened(yield* spacesFor(from.datastore, keys), from)
  return {
    kind: 'spaces',
    spaces,
    filters: filters.filter(({ attribute }) => attribute !== 'isPrimary'),
    residual: [],
  }
}

function* wayToTexts(
  texts: readonly TextFilter[],
  from: Parameters<typeof wayTo>[1] & { readonly filters: readonly Filter[] },
): Sql<Way> {
  const filters = from.filters.filter((filter) => !isText(filter))
  const keys = texts.map(({ attribute, equals }): SpaceKey => ({ attribute, value: equals }))
  const found = yield* spacesFor(from.datastore, keys)
  const light = texts.find((text) => !found.some((space) => isOf(space, text)))
  if (light !== undefined) return { kind: 'text', text: light, others: texts.filter((text) => text !== light), filters }
  const [smallest] = (yield* opened(found, from)).toSorted((a, b) => a.bounds.entryCount() - b.bounds.entryCount())
  const residual = texts.filter((text) => !isOf(smallest!, text))
  return { kind: 'spaces', spaces: [smallest!], filters: [...filters, ...residual], residual }
}

function* opened(spaces: readonly Space[], from: Parameters<typeof wayTo>[1]): Sql<readonly OpenSpace[]> {
  const open: OpenSpace[] = []
  for (const space of spaces) {
    open.push({ ...space, bounds: yield* from.bounds.of(space.space, { upTo: from.latest, own: false }) })
  }
  return open
}

/** Whether image sets that are primary ('1'), or are not ('0'), may match. */
export const isWanted = (value: string, filters: readonly Filter[]) =>
  filters.every((filter) => filter.attribute !== 'isPrimary' || filter.equals === (value === PRIMARY.value))

const isOf = (space: Space, { attribute, equals }: TextFilter) =>
  space.attribute === attribute && space.value === equals

const isText = ({ attribute }: Filter) => TEXT_INDEXES.some(([text]) => text === attribute)

/** FROM and WHERE of the image sets that have the texts, by the index of the first, and their values. */
export function imageSetsWith(
  [first, ...others]: readonly [TextFilter, ...TextFilter[]],
  from: { readonly datastore: number; readonly byIndex: (index: string) => string },
) {
  const [, index] = TEXT_INDEXES.find(([attribute]) => attribute === first.attribute)!
  const conditions = [first, ...others].map(conditionOf)
  return {
    text: `FROM image_sets ${from.byIndex(index)} WHERE datastore = ? AND deleted_at IS NULL
      AND ${conditions.map(({ text }) => text).join(' AND ')}`,
    values: [from.datastore, ...conditions.flatMap(({ values }) => values)],
  }
}
