/** What a stored version of an image set has of the declared attributes. Only attributes of instances need the metadata of each instance. */
import { DeclaredValues } from '../imaging/documents/declared-values.ts'
import type { DeclaredAttribute } from '../imaging/search/declared.ts'
import type { DeclaredTexts } from '../imaging/search/described.ts'
import type { AttributesRange, VersionOfDatastore } from '../stores/catalog/image-set-records.ts'
import { DocumentJoiner } from './join-document.ts'
import { attributesAndOverrides, type StoredContent, versionNotFound } from './version-attributes.ts'

/** @throws ContractError ResourceNotFoundException if the version was deleted since the caller read it */
export async function declaredTextsOfVersion(
  app: StoredContent,
  version: VersionOfDatastore,
  declared: readonly DeclaredAttribute[],
): Promise<DeclaredTexts> {
  if (declared.length === 0) return new Map()
  const place = await app.catalog.imageSets.attributes(version)
  if (place === 'absent') throw versionNotFound(version)
  return declaredTextsAt(app, { ...version, attributes: place }, declared)
}

export async function declaredTextsAt(
  app: StoredContent,
  version: VersionOfDatastore & { readonly attributes: AttributesRange },
  declared: readonly DeclaredAttribute[],
): Promise<DeclaredTexts> {
  const values = new DeclaredValues(declared)
  for await (const each of attributesAndOverrides(app.blobs, version.attributes)) {
    if ('text' in each) values.addAttributes(each.text)
    else values.addOverrides(each.overrides)
  }
  if (values.needsInstances) {
    const joiner = new DocumentJoiner(app)
    for (const instance of await app.catalog.imageSets.instanceRecords(version)) {
      values.addInstance(await joiner.metadata(instance, 'instanceMetadata'))
    }
  }
  return values.texts()
}
