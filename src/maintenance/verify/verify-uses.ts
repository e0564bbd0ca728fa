/** Checks that every range that an image set needs is inside a blob with a recorded use, and that every recorded use is needed. */
import type { BlobUse } from '../../stores/catalog/blob-repository.ts'
import type { Difference, Step, Verification } from './verify-steps.ts'

const IMAGE_SETS_PER_BATCH = 200

export async function* verifyUses({ catalog }: Verification): AsyncGenerator<Step> {
  const { imageSets: total } = await catalog.blobs.totals()
  const checked = { 'image sets': 0, uses: 0 }
  for (let after = 0; ; ) {
    const { last, imageSets, uses } = await catalog.blobs.listUses({ after, imageSets: IMAGE_SETS_PER_BATCH })
    if (last === undefined) break
    after = last
    checked['image sets'] += imageSets
    checked.uses += uses.length
    yield {
      ...{ done: checked['image sets'], total: Math.max(checked['image sets'], total), checked: { ...checked } },
      differences: uses.map(differenceOf).filter((difference) => difference !== undefined),
    }
  }
  yield { done: 1, total: 1, checked, differences: [] }
}

function differenceOf(use: BlobUse): Difference | undefined {
  const { rowId, record, endBytes, isRecorded } = use
  const difference = (kind: string, what: string) => ({
    kind,
    text: `image set row ${rowId}, blob ${record?.blobKey ?? `row ${use.blob}`}: ${what}`,
  })
  if (endBytes === undefined) return difference('use-not-needed', 'the recorded use is not needed')
  if (record === undefined) return difference('blob-not-recorded', 'the catalog has no such blob')
  if (!isRecorded) return difference('use-not-recorded', 'the use is not recorded')
  if (record.isUnreferenced) return difference('used-blob-unreferenced', 'the blob is used, but marked as unreferenced')
  const { sizeBytes } = record.digest
  if (endBytes <= sizeBytes) return undefined
  return difference('range-beyond-end', `a range ends at ${endBytes}, but the blob has ${sizeBytes} bytes`)
}
