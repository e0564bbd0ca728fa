/** The parts of a verification, for `hilum verify` and for the server's own schedule. */
import { inEachCatalog } from './in-each-catalog.ts'
import { describeIndexDifference } from './index-differences.ts'
import { verifyBlobs } from './verify-blobs.ts'
import { verifyDocuments } from './verify-documents.ts'
import { verifyFrames } from './verify-frames.ts'
import { verifyIntegrity } from './verify-integrity.ts'
import { verifyPlacement } from './verify-placement.ts'
import type { Step, Verification } from './verify-steps.ts'
import { verifyUses } from './verify-uses.ts'

export interface VerifiedPart {
  readonly name: string
  /** The unit of the progress. */
  readonly unit?: string
  readonly readsBytes?: true
  readonly steps: (verification: Verification) => AsyncIterable<Step>
}

export const VERIFIED_PARTS: readonly VerifiedPart[] = [
  { name: 'database', steps: database },
  { name: 'search index', steps: inEachCatalog(searchIndex) },
  { name: 'uses of blobs', steps: inEachCatalog(verifyUses) },
  { name: 'blobs', unit: 'MiB', steps: verifyBlobs },
  { name: 'metadata documents', readsBytes: true, steps: inEachCatalog(verifyDocuments) },
  { name: 'frames', unit: 'instances', readsBytes: true, steps: inEachCatalog(verifyFrames) },
]

/** Parts that read no stored bytes. */
export const QUICK_PARTS = VERIFIED_PARTS.filter(({ readsBytes }) => readsBytes !== true)

async function* database(verification: Verification): AsyncGenerator<Step> {
  let last: Step | undefined
  for await (const step of inEachCatalog(verifyIntegrity)(verification)) {
    last = step
    yield step
  }
  for await (const { checked, ...step } of verifyPlacement(verification)) {
    const { done, total } = last ?? step
    yield { ...step, done, total, checked: { ...last?.checked, ...checked } }
  }
}

async function* searchIndex({ catalog }: Verification): AsyncGenerator<Step> {
  for await (const { leaves, entries, entriesInAll, partitions, differences } of catalog.searchIndex.verify()) {
    yield {
      done: entries,
      total: Math.max(entries, entriesInAll),
      checked: { 'index partitions': partitions, leaves, entries },
      differences: differences.map((each) => ({ ...each, text: describeIndexDifference(each) })),
    }
  }
}
