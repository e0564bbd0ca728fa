/** The DICOM files of all instances of a series or study, each made when the one before is sent. */
import type { App } from '../../app.ts'
import type { FilesToRetrieve, RetrievedFiles, WantedSyntax } from '../../contract/dicomweb.ts'
import { ExplicitVRLittleEndian, transferSyntaxOf } from '../../dicom/transfer-syntaxes.ts'
import type { ImageSetVersion, InstanceRecord } from '../../stores/catalog/image-set-records.ts'
import { openVersion, type VersionReader } from '../../versions/read-instance.ts'
import { findImageSets, instancesOf } from './find-image-sets.ts'
import { isDecodable, notAcceptable } from './frame-types.ts'
import { makeFile } from './make-file.ts'

export async function retrieveFiles({ wanted, ...study }: FilesToRetrieve, app: App): Promise<RetrievedFiles> {
  const { datastoreId } = study
  const imageSets = await findImageSets(app, study)
  const leftOut = await countLeftOut(app, { datastoreId, imageSets, wanted })
  return { leftOut, files: () => filesOf(app, { datastoreId, imageSets, wanted }) }
}

export interface Files {
  readonly datastoreId: string
  readonly imageSets: readonly ImageSetVersion[]
  readonly wanted: readonly WantedSyntax[]
}

/** @throws ContractError NotAcceptableException where none is left */
export async function countLeftOut(app: App, files: Files): Promise<number> {
  if (files.wanted.some(takesEverything)) return 0
  let total = 0
  let leftOut = 0
  let last = ''
  for await (const record of instancesOf(app, files)) {
    total += 1
    if (isOffered(record, files.wanted)) continue
    leftOut += 1
    last = syntaxOf(record)
  }
  if (leftOut > 0 && leftOut === total) throw notAcceptable('These instances are', last)
  return leftOut
}

const takesEverything = ({ transferSyntax }: WantedSyntax): boolean => ['stored', 'default'].includes(transferSyntax)

/** Of the file as stored. An instance without frames is explicit VR little endian, unless its pixel data could not be split. */
function syntaxOf({ frames, transferSyntaxUID }: InstanceRecord): string {
  if (frames !== undefined) return frames.storedTransferSyntaxUID
  const { codec = 'native' } = transferSyntaxOf(transferSyntaxUID) ?? {}
  return codec === 'native' ? ExplicitVRLittleEndian : transferSyntaxUID
}

/** By what the catalog knows, without reading the instance. */
function isOffered(record: InstanceRecord, wanted: readonly WantedSyntax[]): boolean {
  const stored = syntaxOf(record)
  const isDecoded = record.frames !== undefined && isDecodable(stored)
  return wanted.some(
    (each) =>
      takesEverything(each) ||
      each.transferSyntax === stored ||
      (each.transferSyntax === ExplicitVRLittleEndian && isDecoded),
  )
}

type MadeFile = Awaited<ReturnType<typeof makeFile>>

export async function* filesOf(app: App, { datastoreId, imageSets, wanted }: Files): AsyncGenerator<MadeFile> {
  let last: ImageSetVersion | undefined
  let version: VersionReader | undefined
  for await (const placed of instancesOf(app, { datastoreId, imageSets })) {
    if (!isOffered(placed, wanted)) continue
    if (placed.imageSetId !== last?.imageSetId || placed.version !== last.version) {
      last = placed
      version = await openVersion(app, { datastoreId, ...placed })
    }
    yield await makeFile(app, { version: version!, placed, instance: await version!.instance(placed), wanted })
  }
}
