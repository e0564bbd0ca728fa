/**
 * Attributes that are declared searchable. The first partition of a data store has the declarations: it is changed first, and the others follow
 * it, with the same numbers. A change that was interrupted in between is completed by the next look at the declarations, and by a publication in a
 * partition that does not follow yet, which has other declarations than its documents. Work on texts is done partition by partition; texts are
 * removed in the first one last, so that a declaration is there as long as any partition has something of it.
 */
import {
  type BatchToDescribe,
  type Declaration,
  DeclarationsChanged,
  type DeclaredAttributes,
} from '../catalog/declared-attribute-repository.ts'
import { numberIn, rowOf } from './numbers.ts'
import { isInControl, type Partition, type Partitions, type Placement } from './placement.ts'

type Which = Parameters<DeclaredAttributes['nextBatch']>[0]

/** The others follow the first partition. */
async function follow(datastoreId: string, [first, ...others]: Partitions): Promise<void> {
  if (others.length === 0) return
  const standing = await first.catalog.asPartition.standingDeclarations(datastoreId)
  if (standing === undefined) return
  await Promise.all(others.map(({ catalog }) => catalog.asPartition.followDeclarations(datastoreId, standing)))
}

/** A publication in a partition. If it does not have the declarations of its documents, it may have to follow. */
export async function publishing<Published>(
  { datastoreId, partitions }: { readonly datastoreId: string; readonly partitions: Partitions },
  publish: () => Promise<Published>,
): Promise<Published> {
  try {
    return await publish()
  } catch (cause) {
    if (cause instanceof DeclarationsChanged) await follow(datastoreId, partitions)
    throw cause
  }
}

export function partitionedDeclaredAttributes(placement: Placement): DeclaredAttributes {
  const { declaredAttributes: inControl } = placement.control

  /** The declaration in each partition that has it, all following the first. */
  async function declarationIn({ datastoreId, number }: Which, partitions: Partitions) {
    const lists = await Promise.all(partitions.map(({ catalog }) => catalog.declaredAttributes.list(datastoreId)))
    return partitions.flatMap((partition, at) => {
      const declaration = lists[at]?.find((each) => each.number === number)
      return declaration === undefined ? [] : [{ partition, declaration }]
    })
  }

  async function list(datastoreId: string): Promise<readonly Declaration[] | undefined> {
    const partitions = await placement.of(datastoreId)
    if (isInControl(partitions)) return inControl.list(datastoreId)
    const [first, ...others] = await Promise.all(
      partitions.map(({ catalog }) => catalog.declaredAttributes.list(datastoreId)),
    )
    return first?.map((declaration) =>
      together([
        declaration,
        ...others.map((own) => own?.find(({ number }) => number === declaration.number) ?? notFollowed(declaration)),
      ]),
    )
  }

  /** A change of the first partition that the others follow. */
  async function change<Outcome>(
    datastoreId: string,
    make: (first: Partition) => Promise<Outcome>,
  ): Promise<Outcome | Declaration> {
    const partitions = await placement.of(datastoreId)
    const outcome = await make(partitions[0])
    if (isInControl(partitions) || !isDeclaration(outcome)) return outcome
    await follow(datastoreId, partitions)
    const { number } = outcome
    const declarations = await declarationIn({ datastoreId, number }, partitions)
    return declarations.length === 0 ? outcome : together(declarations.map(({ declaration }) => declaration))
  }

  return {
    list,
    declared: async (datastoreId) =>
      (await placement.of(datastoreId))[0].catalog.declaredAttributes.declared(datastoreId),
    declare: (datastoreId, attribute, options) =>
      change(datastoreId, ({ catalog }) => catalog.declaredAttributes.declare(datastoreId, attribute, options)),
    beginRemoval: (datastoreId, keyword) =>
      change(datastoreId, ({ catalog }) => catalog.declaredAttributes.beginRemoval(datastoreId, keyword)),
    async nextBatch(which, options) {
      const partitions = await placement.of(which.datastoreId)
      if (isInControl(partitions)) return inControl.nextBatch(which, options)
      await follow(which.datastoreId, partitions)
      let rowsBefore = 0
      let found: BatchToDescribe | undefined
      for (const { partition, declaration } of await declarationIn(which, partitions)) {
        const { declaredAttributes } = partition.catalog
        if (declaration.state === 'building' && (found === undefined || declaration.upTo < 0)) {
          const batch = await declaredAttributes.nextBatch(which, options)
          // A partition that has no image sets has nothing to read.
          if (batch !== undefined && batch.to < 0)
            await declaredAttributes.describe(which, { ...batch, texts: new Map() })
          else if (batch !== undefined) found ??= batchOutside(batch, { partition, rowsBefore })
        }
        rowsBefore += declaration.upTo + 1
      }
      return found
    },
    async describe(which, { place, texts, ...batch }) {
      if (place === undefined) return inControl.describe(which, { ...batch, texts })
      const partition = await placement.at(place.partition)
      const unread = await partition.catalog.declaredAttributes.describe(which, {
        ...{ from: batch.from - place.rowsBefore, to: batch.to - place.rowsBefore },
        imageSets: batch.imageSets.map((each) => ({ ...each, rowId: rowOf(each.rowId) })),
        texts: new Map([...texts].map(([rowId, text]) => [rowOf(rowId), text])),
      })
      return unread.map((each) => ({ ...each, rowId: numberIn(partition, each.rowId) }))
    },
    async removeBatch(which, options) {
      const partitions = await placement.of(which.datastoreId)
      if (isInControl(partitions)) return inControl.removeBatch(which, options)
      await follow(which.datastoreId, partitions)
      const [first, ...others] = partitions
      for (const { catalog } of [...others, first]) {
        const left = await catalog.declaredAttributes.removeBatch(which, options)
        if (left === undefined) continue
        const declarations = await declarationIn(which, partitions)
        return together(declarations.map(({ declaration }) => declaration))
      }
      return undefined
    },
  }
}

const isDeclaration = (outcome: unknown): outcome is Declaration => typeof outcome === 'object' && outcome !== null

/** Of a partition that does not follow yet, or that has removed all texts. */
const notFollowed = (declaration: Declaration): Declaration =>
  declaration.state === 'removing' ? { ...declaration, doneTo: -1, upTo: -1 } : { ...declaration, state: 'building' }

/** Live when it is live in all partitions; the work of all is one. */
function together(declarations: readonly Declaration[]): Declaration {
  const [first] = declarations
  const state = declarations.find(({ state: each }) => each !== 'live')?.state ?? 'live'
  const sum = (of: (declaration: Declaration) => number) =>
    declarations.reduce((total, each) => total + of(each) + 1, 0) - 1
  return { ...first!, state, doneTo: sum(({ doneTo }) => doneTo), upTo: sum(({ upTo }) => upTo) }
}

const batchOutside = (
  { from, to, imageSets }: BatchToDescribe,
  { partition, rowsBefore }: { readonly partition: Partition; readonly rowsBefore: number },
): BatchToDescribe => ({
  ...{ from: rowsBefore + from, to: rowsBefore + to },
  imageSets: imageSets.map((each) => ({ ...each, rowId: numberIn(partition, each.rowId) })),
  place: { partition: partition.number, rowsBefore },
})
