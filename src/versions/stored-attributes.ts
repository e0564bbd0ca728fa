/** Patient, study and series of one version, as the text that imaging/documents/metadata.ts wrote. */

import type { VersionOfDatastore } from '../stores/catalog/image-set-records.ts'
import { type StoredContent, storedAttributesText, versionNotFound } from './version-attributes.ts'

export type { StoredContent }

/** @throws ContractError ResourceNotFoundException if the version was deleted since the caller read it */
export async function attributesText(app: StoredContent, version: VersionOfDatastore): Promise<string> {
  const place = await app.catalog.imageSets.attributes(version)
  if (place === 'absent') throw versionNotFound(version)
  return storedAttributesText(app.blobs, place)
}

export const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
