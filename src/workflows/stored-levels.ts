/** Patient, study and series of one version, as the text that imaging/metadata.ts wrote. */
import type { ImportApp } from '../app.ts'
import { readWholeRange } from '../import/blob-range.ts'
import { DocumentJoiner } from '../import/join-document.ts'
import type { VersionOfDatastore } from '../stores/catalog.ts'

export type StoredContent = Pick<ImportApp, 'catalog' | 'blobs' | 'limits'>

/** @throws where there is no such version: whoever asks has seen it. */
export async function levelsText(app: StoredContent, version: VersionOfDatastore): Promise<string> {
  const place = await app.catalog.imageSets.levels(version)
  if (place === 'absent') throw new Error(`image set ${version.imageSetId} has no version ${version.version}`)
  if (place !== 'of-last-instance') {
    const { blobKey, offsetBytes, sizeBytes } = place
    return textOf(await readWholeRange(app.blobs, { blobKey, offsetBytes, lengthBytes: sizeBytes }))
  }
  const last = (await app.catalog.imageSets.parts(version)).at(-1)
  if (last === undefined) throw new Error(`version ${version.version} of image set ${version.imageSetId} is empty`)
  return textOf(await new DocumentJoiner(app).metadata(last, 'levels'))
}

export const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
