/** Patient, study and series of one version, as the text that imaging/metadata.ts wrote. */

import type { VersionOfDatastore } from '../stores/catalog/image-set-records.ts'
import { DocumentJoiner } from './join-document.ts'
import { goneVersion, type StoredContent, storedAttributesText } from './version-attributes.ts'

export type { StoredContent }

/** @throws ContractError ResourceNotFoundException where there is no such version: it was deleted after the caller saw it */
export async function attributesText(app: StoredContent, version: VersionOfDatastore): Promise<string> {
  const place = await app.catalog.imageSets.levels(version)
  if (place === 'absent') throw goneVersion(version)
  if (place !== 'of-last-instance') return storedAttributesText(app.blobs, place)
  const last = (await app.catalog.imageSets.parts(version)).at(-1)
  if (last === undefined) throw goneVersion(version)
  return textOf(await new DocumentJoiner(app).metadata(last, 'imageSetAttributes'))
}

export const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
