/**
 * Makes the image sets that were there before an attribute was declared searchable found by it: their stored metadata are read outside any
 * transaction, and texts and index are written batch by batch, while servers serve and import. The catalog records how far the work has
 * come, so a second run resumes it, also beside the first.
 */
import type { ImportApp } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import type { DeclaredTexts } from '../../imaging/search/described.ts'
import type { Declaration, ImageSetToDescribe } from '../../stores/catalog/declared-attribute-repository.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { declaredTextsAt } from '../../versions/declared-texts.ts'

/** Enough to share a commit and the writing of postings, few enough for other writers to be served in between. */
const IMAGE_SETS_PER_BATCH = 128
/** Image sets whose metadata are read at the same time: enough to hide the latency of S3. */
const READS_AT_ONCE = 8

type App = Pick<ImportApp, 'catalog' | 'blobs' | 'limits'>

interface DeclarationProgress {
  readonly done: number
  readonly of: number
  /** How many were read since the last progress. */
  readonly imageSets: number
  /** Image sets whose metadata cannot be read, among them: searches by the attribute do not find them. */
  readonly unreadable: readonly ImageSetToDescribe[]
}

/** Ends when the attribute is live, or when its removal has begun. @throws StoreUnavailable, ContractError where a key is denied */
export async function* buildDeclaration(
  app: App,
  { datastoreId, declaration }: { readonly datastoreId: string; readonly declaration: Declaration },
): AsyncGenerator<DeclarationProgress> {
  const which = { datastoreId, number: declaration.number }
  const of = declaration.upTo + 1
  for (;;) {
    const batch = await app.catalog.declaredAttributes.nextBatch(which, { limit: IMAGE_SETS_PER_BATCH })
    if (batch === undefined) return
    const texts = await textsOf(app, batch.imageSets, { datastoreId, declaration })
    const unreadable = await app.catalog.declaredAttributes.describe(which, { ...batch, texts })
    yield { done: batch.to + 1, of, imageSets: batch.imageSets.length, unreadable }
  }
}

/** By row id. Image sets whose metadata cannot be read have none. */
async function textsOf(
  app: App,
  imageSets: readonly ImageSetToDescribe[],
  { datastoreId, declaration }: { readonly datastoreId: string; readonly declaration: Declaration },
): Promise<ReadonlyMap<number, DeclaredTexts>> {
  const texts = new Map<number, DeclaredTexts>()
  const waiting = imageSets.values()
  const reading = Array.from({ length: READS_AT_ONCE }, async () => {
    for (const imageSet of waiting) {
      try {
        texts.set(imageSet.rowId, await declaredTextsAt(app, { datastoreId, ...imageSet }, [declaration]))
      } catch (cause) {
        if (cause instanceof StoreUnavailable || cause instanceof ContractError) throw cause
      }
    }
  })
  await Promise.all(reading)
  return texts
}

/** Removes what the declaration added. Ends when the declaration is removed too. */
export async function* removeDeclaration(
  { catalog }: Pick<App, 'catalog'>,
  { datastoreId, declaration }: { readonly datastoreId: string; readonly declaration: Declaration },
): AsyncGenerator<Pick<DeclarationProgress, 'done' | 'of'>> {
  const which = { datastoreId, number: declaration.number }
  for (;;) {
    const left = await catalog.declaredAttributes.removeBatch(which, { limit: IMAGE_SETS_PER_BATCH })
    if (left === undefined) return
    yield { done: left.doneTo + 1, of: left.upTo + 1 }
  }
}
