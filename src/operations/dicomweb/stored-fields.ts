/** The attributes of a result that no row of the catalog has: read from the metadata of an instance. */
import type { App } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import { NO_SURROUNDINGS, type Surroundings, surroundingsIn } from '../../imaging/documents/document-vrs.ts'
import type { JsonObject } from '../../imaging/documents/read-document.ts'
import type { PlacedInstance } from '../../stores/catalog/image-set-records.ts'
import { mergedAttributes, openVersion, type VersionReader } from '../../versions/read-instance.ts'

/** Of versions whose attributes of patient, study and series are kept: rows of a few series can alternate. */
const VERSIONS_MAX = 16

export interface StoredFields {
  readonly attributes: JsonObject
  /** Of the elements with their tag as key. */
  readonly vrs: Readonly<Record<string, string>>
  readonly around: Surroundings
}

/** Not for concurrent calls. @returns undefined where the instance was deleted meanwhile */
export function openStoredFields(
  app: App,
  datastoreId: string,
): (instance: PlacedInstance) => Promise<StoredFields | undefined> {
  const versions = new Map<string, VersionReader>()
  async function versionOf({ imageSetId, version }: PlacedInstance): Promise<VersionReader> {
    const name = `${imageSetId} ${version}`
    const reader = versions.get(name) ?? (await openVersion(app, { datastoreId, imageSetId, version }))
    versions.delete(name)
    versions.set(name, reader)
    for (const [oldest] of versions) if (versions.size > VERSIONS_MAX) versions.delete(oldest)
    return reader
  }
  return async (placed) => {
    try {
      const version = await versionOf(placed)
      const instance = await version.instance(placed)
      return {
        attributes: mergedAttributes(version, instance),
        vrs: instance.vrs,
        around: surroundingsIn(instance.own, NO_SURROUNDINGS),
      }
    } catch (cause) {
      if (cause instanceof ContractError && cause.name === 'ResourceNotFoundException') return undefined
      throw cause
    }
  }
}
