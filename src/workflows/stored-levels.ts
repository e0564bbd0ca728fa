/** Patient, study and series of one version, as the text that imaging/metadata.ts wrote. */
import type { ImportApp } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import { readWholeRange } from '../import/blob-range.ts'
import { DocumentJoiner } from '../import/join-document.ts'
import type { VersionOfDatastore } from '../stores/catalog.ts'

export type StoredContent = Pick<ImportApp, 'catalog' | 'blobs' | 'limits'>

/** @throws ContractError ResourceNotFoundException where there is no such version: whoever asks has seen it, and it was deleted since. */
export async function levelsText(app: StoredContent, version: VersionOfDatastore): Promise<string> {
  const place = await app.catalog.imageSets.levels(version)
  if (place === 'absent') throw gone(version)
  if (place !== 'of-last-instance') {
    const { blobKey, offsetBytes, sizeBytes } = place
    return textOf(await readWholeRange(app.blobs, { blobKey, offsetBytes, lengthBytes: sizeBytes }))
  }
  const last = (await app.catalog.imageSets.parts(version)).at(-1)
  if (last === undefined) throw gone(version)
  return textOf(await new DocumentJoiner(app).metadata(last, 'levels'))
}

const gone = ({ datastoreId, imageSetId, version }: VersionOfDatastore) =>
  new ContractError(
    'ResourceNotFoundException',
    `Data store ${datastoreId} has no image set ${imageSetId} in version ${version}`,
  )

export const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
