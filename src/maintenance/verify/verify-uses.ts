/** Does everything that an image set needs lie inside a blob that is kept for it? Of some image sets at a time, each in one state. */
import type { BlobUse } from '../../stores/catalog/blob-repository.ts'
import type { Difference, Looking, Step } from './verify-steps.ts'

const IMAGE_SETS_AT_ONCE = 200

export async function* verifyUses({ catalog }: Looking): AsyncGenerator<Step> {
  const { imageSets: inAll } = await catalog.blobs.totals()
  const checked = { 'image sets': 0, uses: 0 }
  for (let after = 0; ; ) {
    const { last, imageSets, uses } = await catalog.blobs.listUses({ after, imageSets: IMAGE_SETS_AT_ONCE })
    if (last === undefined) break
    after = last
    checked['image sets'] += imageSets
    checked.uses += uses.length
    yield {
      ...{ done: checked['image sets'], total: Math.max(checked['image sets'], inAll), checked: { ...checked } },
      differences: uses.map(differenceOf).filter((difference) => difference !== undefined),
    }
  }
  yield { done: 1, total: 1, checked, differences: [] }
}

function differenceOf(use: BlobUse): Difference | undefined {
  const { rowId, record, endBytes, isRecorded } = use
  const told = (kind: string, what: string) => ({
    kind,
    text: `image set row ${rowId}, blob ${record?.blobKey ?? `row ${use.blob}`}: ${what}`,
  })
  if (endBytes === undefined) return told('kept-for-nothing', 'it is kept for it, and nothing of it lies there')
  if (record === undefined) return told('blob-not-known', 'something of it lies there, and there is no such blob')
  if (!isRecorded) return told('blob-not-kept', 'something of it lies there, and the blob is not kept for it')
  if (record.isUnreferenced) return told('blob-free', 'it is kept for it, and free to be removed')
  const { sizeBytes } = record.digest
  if (endBytes <= sizeBytes) return undefined
  return told('beyond-the-end', `something of it ends at ${endBytes}, and the blob at ${sizeBytes}`)
}
