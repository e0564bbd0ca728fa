/** GetDICOMInstance: the DICOM file of an instance. */
import type { App } from '../../app.ts'
import type { NamedInstance, RetrievedFile, WantedSyntax } from '../../contract/dicomweb.ts'
import { openVersion } from '../../versions/read-instance.ts'
import { findInstance } from './find-instances.ts'
import { makeFile } from './make-file.ts'

export async function retrieveInstance(
  { wanted, ...named }: NamedInstance & { readonly wanted: readonly WantedSyntax[] },
  app: App,
): Promise<RetrievedFile> {
  const placed = await findInstance(app, named)
  const version = await openVersion(app, { datastoreId: named.datastoreId, ...placed })
  return makeFile(app, { version, placed, instance: await version.instance(placed), wanted })
}
