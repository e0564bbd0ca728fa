/** The DICOM files of a series or study as a file-set (PS3.10 8): a folder for each series, and a DICOMDIR, which is the last file. */
import type { App } from '../../app.ts'
import type { FileOfSet, FilesToRetrieve, RetrievedFileSet } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import { DicomDirectory } from '../../dicom/dicomdir.ts'
import { ExplicitVRLittleEndian } from '../../dicom/transfer-syntaxes.ts'
import type { ImageSetVersion } from '../../stores/catalog/image-set-records.ts'
import { findImageSets } from './find-image-sets.ts'
import { countLeftOut, type Files, filesOf } from './retrieve-files.ts'

export async function retrieveFileSet({ wanted, ...study }: FilesToRetrieve, app: App): Promise<RetrievedFileSet> {
  const { datastoreId } = study
  const imageSets = await findImageSets(app, study)
  await countFiles(app, { datastoreId, imageSets })
  const files = { datastoreId, imageSets, wanted, hasSeveralStudies: false }
  return { leftOut: await countLeftOut(app, files), files: () => fileSetOf(app, files) }
}

/** The directory is in memory until the end. @throws ContractError RequestEntityTooLargeException */
export async function countFiles(
  app: App,
  { datastoreId, imageSets }: { readonly datastoreId: string; readonly imageSets: readonly ImageSetVersion[] },
): Promise<number> {
  const { filesPerZip } = app.limits
  let count = 0
  for (const imageSet of imageSets) {
    count += await app.catalog.imageSets.countInstances({ datastoreId, ...imageSet, max: filesPerZip + 1 })
    if (count > filesPerZip) {
      throw new ContractError(
        'RequestEntityTooLargeException',
        `A zip archive has at most ${filesPerZip} instances. Retrieve the series of this study one by one, or as multipart/related`,
      )
    }
  }
  return count
}

export async function* fileSetOf(
  app: App,
  { hasSeveralStudies, ...files }: Files & { readonly hasSeveralStudies: boolean },
): AsyncGenerator<FileOfSet> {
  const directory = new DicomDirectory({ hasSeveralStudies })
  for await (const file of filesOf(app, files)) {
    const { transferSyntaxUID, sizeBytes, ahead } = file
    const isCompressible = transferSyntaxUID === ExplicitVRLittleEndian
    yield { path: directory.add(file).join('/'), sizeBytes, ahead, isCompressible, segments: () => file.segments() }
  }
  const bytes = directory.bytes(`2.25.${BigInt(`0x${app.newId()}`)}`)
  yield { path: 'DICOMDIR', sizeBytes: bytes.length, ahead: 0, isCompressible: true, segments: () => [bytes] }
}
