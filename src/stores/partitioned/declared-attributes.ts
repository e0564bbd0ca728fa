/** Attributes that are declared searchable: for all partitions of a data store, one after the other. */
import type { Declaration, DeclaredAttributes } from '../catalog/declared-attribute-repository.ts'
import { numberIn, partitionNumberOf, rowOf } from './numbers.ts'
import type { Partition, Partitions, Placement } from './placement.ts'

export function partitionedDeclaredAttributes(placement: Placement): DeclaredAttributes {
  return {
    async list(datastoreId) {
      const lists = await Promise.all(
        (await placement.of(datastoreId)).map(({ catalog }) => catalog.declaredAttributes.list(datastoreId)),
      )
      const [first] = lists
      return first?.map((declaration) =>
        together(lists.flatMap((some) => some?.filter(({ keyword }) => keyword === declaration.keyword) ?? [])),
      )
    },
    declared: async (datastoreId) =>
      (await placement.of(datastoreId))[0].catalog.declaredAttributes.declared(datastoreId),
    async declare(datastoreId, attribute, options) {
      const declarations: Declaration[] = []
      for (const { catalog } of await placement.of(datastoreId)) {
        const declaration = await catalog.declaredAttributes.declare(datastoreId, attribute, options)
        if (typeof declaration === 'string') return declaration
        declarations.push(declaration)
      }
      return together(declarations)
    },
    async beginRemoval(datastoreId, keyword) {
      const declarations: Declaration[] = []
      for (const { catalog } of await placement.of(datastoreId)) {
        const declaration = await catalog.declaredAttributes.beginRemoval(datastoreId, keyword)
        if (declaration !== undefined) declarations.push(declaration)
      }
      return declarations.length === 0 ? undefined : together(declarations)
    },
    async nextBatch(which, options) {
      let found: Awaited<ReturnType<DeclaredAttributes['nextBatch']>>
      for (const partition of await placement.of(which.datastoreId)) {
        const batch = await partition.catalog.declaredAttributes.nextBatch(which, options)
        if (batch === undefined) continue
        // Nothing is left to read there.
        if (batch.imageSets.length === 0) {
          await partition.catalog.declaredAttributes.describe(which, { ...batch, texts: new Map() })
          continue
        }
        found ??= {
          from: numberIn(partition, batch.from + 1),
          to: numberIn(partition, batch.to + 1),
          imageSets: batch.imageSets.map((each) => ({ ...each, rowId: numberIn(partition, each.rowId) })),
        }
      }
      return found
    },
    async describe(which, { from, to, imageSets, texts }) {
      const partition = partitionAt(await placement.of(which.datastoreId), to)
      const unread = await partition.catalog.declaredAttributes.describe(which, {
        ...{ from: rowOf(from) - 1, to: rowOf(to) - 1 },
        imageSets: imageSets.map((each) => ({ ...each, rowId: rowOf(each.rowId) })),
        texts: new Map([...texts].map(([rowId, text]) => [rowOf(rowId), text])),
      })
      return unread.map((each) => ({ ...each, rowId: numberIn(partition, each.rowId) }))
    },
    async removeBatch(which, options) {
      let left: Declaration | undefined
      for (const { catalog } of await placement.of(which.datastoreId)) {
        left = await catalog.declaredAttributes.removeBatch(which, options)
        if (left !== undefined) break
      }
      return left
    },
  }
}

const partitionAt = (partitions: Partitions, numbered: number): Partition =>
  partitions.find(({ number }) => number === partitionNumberOf(numbered))!

/** Live when it is live in all partitions; the work of all is one. */
function together(declarations: readonly Declaration[]): Declaration {
  const [first] = declarations
  const state = declarations.find(({ state: each }) => each !== 'live')?.state ?? 'live'
  const sum = (of: (declaration: Declaration) => number) =>
    declarations.reduce((total, each) => total + of(each) + 1, 0) - 1
  return { ...first!, state, doneTo: sum(({ doneTo }) => doneTo), upTo: sum(({ upTo }) => upTo) }
}
