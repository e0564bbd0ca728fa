/**
 * CopyImageSet: begins a new image set, or a new version of another, with instances of the source. The bytes of instances and frames are
 * shared, not copied (AWS "Copying an image set").
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { Input, Output } from '../contract/operations.ts'
import { QUOTAS } from '../contract/quotas.ts'
import { readImageSetAttributes } from '../imaging/documents/image-set-attributes.ts'
import { parseCopiableAttributes } from '../imaging/updates/copiable-attributes.ts'
import type { CopyRequest, LockedImageSet } from '../stores/catalog/workflow-repository.ts'
import { attributesText } from '../versions/stored-attributes.ts'
import { beginWorkflow, imageSetArn, latestImageSet } from './image-set-access.ts'

export async function copyImageSet(input: Input<'CopyImageSet'>, app: App): Promise<Output<'CopyImageSet'>> {
  const { datastoreId, sourceImageSetId, copyImageSetInformation: wanted } = input
  const { sourceImageSet, destinationImageSet } = wanted
  requireValidDestination(input)
  const latestVersionId = sourceImageSet.latestVersionId
  const { version } = await latestImageSet(app, { datastoreId, imageSetId: sourceImageSetId, latestVersionId })
  const source = { imageSetId: sourceImageSetId, version }
  const destination =
    destinationImageSet === undefined
      ? undefined
      : {
          imageSetId: destinationImageSet.imageSetId,
          version: (await latestImageSet(app, { datastoreId, ...destinationImageSet })).version,
        }
  const sopInstanceUIDs = await wantedInstances(input, { app, version })
  const request: CopyRequest = {
    ...{ operation: 'CopyImageSet', source, destination, sopInstanceUIDs },
    forced: input.force ?? false,
    promoteToPrimary: input.promoteToPrimary ?? false,
  }
  const runningMax = QUOTAS.concurrentCopiesPerDatastore
  const [destinationBegun, sourceBegun] = await beginWorkflow(app, { datastoreId, request, runningMax })
  return {
    datastoreId,
    sourceImageSetProperties: propertiesOf(app, datastoreId, sourceBegun!),
    destinationImageSetProperties: propertiesOf(app, datastoreId, destinationBegun!),
  }
}

function requireValidDestination({
  sourceImageSetId,
  promoteToPrimary,
  copyImageSetInformation,
}: Input<'CopyImageSet'>): void {
  const { destinationImageSet } = copyImageSetInformation
  if (destinationImageSet === undefined) return
  if (promoteToPrimary === true) {
    const message = 'promoteToPrimary makes a new image set: leave out destinationImageSet'
    throw new ContractError('ValidationException', message)
  }
  if (destinationImageSet.imageSetId === sourceImageSetId) {
    throw new ContractError('ValidationException', 'An image set cannot be copied into itself')
  }
}

/** SOP Instance UIDs to copy; undefined for all instances. */
async function wantedInstances(
  input: Input<'CopyImageSet'>,
  { app, version }: { readonly app: App; readonly version: number },
): Promise<readonly string[] | undefined> {
  const { datastoreId, sourceImageSetId: imageSetId } = input
  const text = input.copyImageSetInformation.sourceImageSet.DICOMCopies?.copiableAttributes
  const requested = text === undefined ? undefined : parseCopiableAttributes(text)
  if (requested !== undefined) {
    const { seriesInstanceUID } = readImageSetAttributes(
      await attributesText(app, { datastoreId, imageSetId, version }),
    )
    if (requested.seriesInstanceUID !== seriesInstanceUID) {
      throw new ContractError('ValidationException', 'copiableAttributes names a series that the source does not hold')
    }
  }
  const sopInstanceUIDs = requested && [...requested.sopInstanceUIDs]
  if (sopInstanceUIDs === undefined && !app.awsQuotas) return undefined
  const parts = await app.catalog.imageSets.instanceRecords({
    ...{ datastoreId, imageSetId, version },
    ...(sopInstanceUIDs === undefined ? {} : { sopInstanceUIDs }),
  })
  const missing = (sopInstanceUIDs?.length ?? parts.length) - parts.length
  if (missing > 0) {
    const message = `copiableAttributes names instances that the source does not hold: ${missing} of ${sopInstanceUIDs!.length}`
    throw new ContractError('ValidationException', message)
  }
  const frames = parts.reduce((sum, part) => sum + (part.frames?.frameCount ?? 0), 0)
  if (app.awsQuotas && frames > QUOTAS.imageFramesPerCopy) {
    const message = `The copy has ${frames} image frames, more than the quota of ${QUOTAS.imageFramesPerCopy}: copy in parts`
    throw new ContractError('ServiceQuotaExceededException', message)
  }
  return sopInstanceUIDs
}

const propertiesOf = (app: App, datastoreId: string, imageSet: LockedImageSet) => ({
  imageSetId: imageSet.imageSetId,
  latestVersionId: String(imageSet.version),
  imageSetState: imageSet.imageSetState,
  imageSetWorkflowStatus: imageSet.workflowStatus,
  createdAt: imageSet.createdAt,
  updatedAt: imageSet.updatedAt,
  imageSetArn: imageSetArn(app, { datastoreId, imageSetId: imageSet.imageSetId }),
})
