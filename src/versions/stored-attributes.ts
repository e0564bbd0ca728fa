/** Patient, study and series of one version, as the text that imaging/documents/metadata.ts wrote. */

import type { VersionOfDatastore } from '../stores/catalog/image-set-records.ts'
import { goneVersion, type StoredContent, storedAttributesText } from './version-attributes.ts'

export type { StoredContent }

/** @throws ContractError ResourceNotFoundException where there is no such version: it was deleted after the caller saw it */
export async function attributesText(app: StoredContent, version: VersionOfDatastore): Promise<string> {
  const place = await app.catalog.imageSets.levels(version)
  if (place === 'absent') throw goneVersion(version)
  return storedAttributesText(app.blobs, place)
}

export const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
