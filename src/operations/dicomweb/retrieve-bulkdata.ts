/** GetDICOMBulkdata: a binary value that the metadata only names. It is in the document of the version, or in the imported file. */
import type { App } from '../../app.ts'
import type { NamedInstance } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import { largeValueNamed } from '../../imaging/documents/large-binary.ts'
import { largeBinaryName } from '../../ingest/large-binary-name.ts'
import { readImportedValues } from '../../versions/imported-values.ts'
import { mergedAttributes, openVersion } from '../../versions/read-instance.ts'
import { findInstance } from './find-instances.ts'

export async function retrieveBulkdata(
  wanted: NamedInstance & { readonly name: string },
  app: App,
): Promise<Uint8Array> {
  const instance = await findInstance(app, wanted)
  const { datastoreId, name } = wanted
  const version = await openVersion(app, { datastoreId, ...instance })
  const attributes = mergedAttributes(version, await version.instance(instance))
  const value =
    largeValueNamed(attributes, { name, nameOf: largeBinaryName }) ??
    (await readImportedValues(app, instance, new Set([name]))).get(name)
  if (value !== undefined) return value
  throw new ContractError(
    'ResourceNotFoundException',
    'This instance has no such value. BulkDataURI in its metadata names those that it has',
  )
}
