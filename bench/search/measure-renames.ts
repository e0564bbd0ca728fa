/** What a change of a PatientName costs: the transaction that publishes it, as UpdateImageSetMetadata does. Words are postings of the old name. */
import type { Catalog } from '../../src/stores/catalog/catalog.ts'
import { quantile } from '../processes.ts'
import { randomOf } from '../random.ts'
import { DATASTORE_ID } from './built-store.ts'
import type { BenchImageSet } from './data-set.ts'
import { anyName } from './descriptions.ts'
import { rounded } from './measure.ts'

export interface RenameTimes {
  readonly rename_p50_ms: number
  readonly rename_p99_ms: number
}

/** An image set as it is now: with instances, which a built store has not. */
export interface Renamed {
  readonly imageSet: BenchImageSet
  readonly imageSetId: string
  readonly version: number
}

const OWNER = 'bench'
const DIGEST = { sizeBytes: 1_000, sha256: '0'.repeat(64) }

/** Beginning and claiming the update, which change no index, are not timed. */
export async function measureRenames(
  catalog: Catalog,
  all: readonly Renamed[],
  { from, capMs }: { readonly from: number; readonly capMs: number },
): Promise<RenameTimes> {
  const random = randomOf(201, 0)
  const timesMs: number[] = []
  const until = performance.now() + capMs
  for (const [index, { imageSet, imageSetId, version }] of all.entries()) {
    if (performance.now() > until) break
    const at = from + index
    const begun = await catalog.workflows.begin({
      datastoreId: DATASTORE_ID,
      request: {
        operation: 'UpdateImageSetMetadata',
        imageSet: { imageSetId, version },
        forced: false,
        includeStudyImageSets: false,
        update: { removableAttributes: undefined, updatableAttributes: '' },
      },
      at,
    })
    if (begun.outcome !== 'begun') throw new Error(`the update of a name was not begun: ${begun.outcome}`)
    const claimed = await catalog.workflows.claim({ owner: OWNER, now: at, leaseUntil: at + 3_600_000 })
    if (claimed === undefined) throw new Error('the update of a name can be claimed')
    const blobKey = `name-${String(index).padStart(9, '0')}`
    const renamed = {
      imageSetId,
      attributes: { blobKey, offsetBytes: 0, sizeBytes: 100 },
      document: { blobKey, offsetBytes: 0, sizeBytes: 200, contentBytes: 1_000, crc32: 0, bodyChecksum: 0 },
      grouping: imageSet.grouping,
      studyTimestamp: imageSet.studyTimestamp,
      tags: JSON.stringify({ ...JSON.parse(imageSet.tags), DICOMPatientName: anyName(random) }),
      unlistedTexts: imageSet.unlistedTexts,
      instances: { kind: 'changed', removed: [], replaced: [] },
    } as const
    const startedAt = performance.now()
    const outcome = await catalog.workflows.complete(claimed.lease, {
      versions: [renamed],
      digests: new Map([[blobKey, DIGEST]]),
      at,
      revision: 0,
    })
    timesMs.push(performance.now() - startedAt)
    if (outcome !== 'completed') throw new Error(`the update of a name ended as ${outcome}`)
  }
  const sorted = timesMs.toSorted((a, b) => a - b)
  return { rename_p50_ms: rounded(quantile(sorted, 0.5)), rename_p99_ms: rounded(quantile(sorted, 0.99)) }
}
