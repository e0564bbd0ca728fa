/** What operations on image sets share: lookup, ARN, and the errors of a workflow that cannot begin. */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { ImageSetProperties } from '../stores/catalog/image-set-records.ts'
import type { BeginWorkflowOutcome, LockedImageSet, WorkflowRequest } from '../stores/catalog/workflow-repository.ts'
import { activeDatastore, datastoreArn, datastoreNotFound, deletedSince } from './datastore-access.ts'
import { locked } from './tagged-resource.ts'

interface NamedImageSet {
  readonly datastoreId: string
  readonly imageSetId: string
}

/** The latest or the given version. A deleted image set stays visible for a day, since clients poll for DELETED. */
export async function knownImageSet(
  app: App,
  imageSet: NamedImageSet & { readonly versionId?: string | undefined },
): Promise<ImageSetProperties> {
  const { versionId, ...named } = imageSet
  const wanted = { ...named, deletedSince: deletedSince(app) }
  const found =
    versionId === undefined
      ? await app.catalog.imageSets.get(wanted)
      : isPossibleVersion(versionId)
        ? await app.catalog.imageSets.get({ ...wanted, version: Number(versionId) })
        : undefined
  if (found === undefined) throw imageSetNotFound(imageSet)
  return found
}

/** No version has a number beyond the safe integers. */
export const isPossibleVersion = (versionId: string): boolean => Number.isSafeInteger(Number(versionId))

export const imageSetNotFound = ({
  datastoreId,
  imageSetId,
  versionId,
}: NamedImageSet & { readonly versionId?: string | undefined }) => {
  const what = versionId === undefined ? imageSetId : `${imageSetId} in version ${versionId}`
  return new ContractError('ResourceNotFoundException', `Data store ${datastoreId} has no image set ${what}`)
}

export const imageSetArn = (app: App, { datastoreId, imageSetId }: NamedImageSet): string =>
  `${datastoreArn(app, datastoreId)}/imageset/${imageSetId}`

/** AWS's sentence. */
const notTheLatest = () =>
  new ContractError('ResourceNotFoundException', 'Requested version(s) of ImageSet(s) is not the latest.')

const imageSetLocked = (imageSetId: string) =>
  new ContractError(
    'ConflictException',
    `Image set ${imageSetId} is LOCKED by an operation that has not ended: wait until GetImageSet returns ACTIVE, then send the request again`,
  )

/**
 * The image set in its latest version, which a change must name. These checks are repeated in the transaction that begins the change.
 */
export async function latestImageSet(
  app: App,
  imageSet: NamedImageSet & { readonly latestVersionId: string },
): Promise<ImageSetProperties> {
  const { latestVersionId, ...named } = imageSet
  await activeDatastore(app, named.datastoreId)
  const found = await knownImageSet(app, named)
  if (found.deletedAt !== undefined || isFailedCopy(found)) throw imageSetNotFound(named)
  if (found.imageSetState === 'LOCKED') throw imageSetLocked(found.imageSetId)
  if (Number(latestVersionId) !== found.version) throw notTheLatest()
  return found
}

/** A failed copy is visible only to GetImageSet, until deleted. */
const isFailedCopy = ({ version, workflowStatus }: ImageSetProperties): boolean =>
  version === 1 && workflowStatus === 'COPY_FAILED'

/** Begins the workflow, wakes the workers and returns the locked image sets. */
export async function beginWorkflow(
  app: App,
  begin: {
    readonly datastoreId: string
    readonly request: WorkflowRequest
    /** Of the version that an update makes. */
    readonly studyInstanceUID?: string | undefined
    readonly runningMax: number
  },
): Promise<readonly LockedImageSet[]> {
  const { datastoreId, request, studyInstanceUID, runningMax } = begin
  const begun = await app.catalog.workflows.begin({
    ...{ datastoreId, request, studyInstanceUID, at: app.clock() },
    ...(app.awsQuotas ? { runningMax } : {}),
  })
  if (begun.outcome !== 'begun') throw refusalOf(begun, { datastoreId, operation: request.operation, runningMax })
  app.workWaits()
  return begun.imageSets
}

export function refusalOf(
  refused: Exclude<BeginWorkflowOutcome, { readonly outcome: 'begun' }>,
  {
    datastoreId,
    operation,
    runningMax,
  }: { datastoreId: string; operation: WorkflowRequest['operation']; runningMax: number },
): ContractError {
  switch (refused.outcome) {
    case 'datastore-absent':
      return datastoreNotFound(datastoreId)
    case 'datastore-not-active':
      return new ContractError('ConflictException', `Data store ${datastoreId} is not ACTIVE`)
    case 'absent':
      return imageSetNotFound({ datastoreId, imageSetId: refused.imageSetId })
    case 'not-latest':
      return notTheLatest()
    case 'locked':
      return imageSetLocked(refused.imageSetId)
    case 'retained':
      return locked(refused.reason)
    case 'too-many':
      return new ContractError(
        // DeleteImageSet models no ServiceQuotaExceededException.
        operation === 'DeleteImageSet' ? 'ThrottlingException' : 'ServiceQuotaExceededException',
        `The data store has ${runningMax} ${operation} under way, which is the quota: wait until some have ended`,
      )
    case 'not-primary':
      return new ContractError(
        'ValidationException',
        'includeStudyImageSets changes the primary image sets of a study, and this one is not primary: leave it out',
      )
    case 'conflicts':
      return new ContractError(
        'ConflictException',
        `The image set cannot become primary: its ${refused.attributes.join(', ')} differ from those of the primary image sets ` +
          'of its study. Update it first',
      )
    case 'series-has-primary':
      return new ContractError(
        'ConflictException',
        `Image set ${refused.imageSetId} is the primary one of this series: copy into it by destinationImageSet instead`,
      )
  }
}
