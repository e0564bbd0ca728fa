/** The parts of a verification, for `hilum verify` and for the server's own schedule. */
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { describeIndexDifference } from './index-differences.ts'
import { verifyBlobs } from './verify-blobs.ts'
import { verifyDocuments } from './verify-documents.ts'
import { verifyFrames } from './verify-frames.ts'
import { verifyIntegrity } from './verify-integrity.ts'
import type { Step, Verification } from './verify-steps.ts'
import { verifyUses } from './verify-uses.ts'

export interface VerifiedPart {
  readonly name: string
  /** The unit of the progress. */
  readonly unit?: string
  readonly steps: (verification: Verification) => AsyncIterable<Step>
}

export const VERIFIED_PARTS: readonly VerifiedPart[] = [
  { name: 'database', steps: verifyIntegrity },
  { name: 'search index', steps: searchIndex },
  { name: 'uses of blobs', steps: verifyUses },
  { name: 'blobs', unit: 'MiB', steps: verifyBlobs },
  { name: 'metadata documents', steps: verifyDocuments },
  { name: 'frames', unit: 'instances', steps: verifyFrames },
]

/** Parts that read no stored bytes. */
export const QUICK_PARTS = VERIFIED_PARTS.filter(({ steps }) => steps !== verifyDocuments && steps !== verifyFrames)

async function* searchIndex({ catalog }: Verification): AsyncGenerator<Step> {
  for await (const { leaves, entries, entriesInAll, partitions, differences } of catalog.searchIndex.verify()) {
    yield {
      done: entries,
      total: Math.max(entries, entriesInAll),
      checked: { partitions, leaves, entries },
      differences: differences.map((each) => ({ ...each, text: describeIndexDifference(each) })),
    }
  }
}

/** A damaged database is reported as a difference, and the other parts are checked. */
export async function* untilDamaged(steps: AsyncIterable<Step>): AsyncGenerator<Step> {
  let last: Step = { done: 0, total: 0, checked: {}, differences: [] }
  try {
    for await (const step of steps) {
      last = step
      yield step
    }
  } catch (cause) {
    if (!(cause instanceof StoreUnavailable && cause.reason === 'corrupt')) throw cause
    yield { ...last, differences: [{ kind: 'not-readable', text: `it cannot be read: ${cause.message}` }] }
  }
}
