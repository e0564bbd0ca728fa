/** Deletes a study or series: all its image sets, primary or not, with the rules of DeleteImageSet. All are deleted or none. */
import type { App } from '../../app.ts'
import type { DeletionOfStudy } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import { QUOTAS } from '../../contract/quotas.ts'
import { activeDatastore } from '../datastore-access.ts'
import { refusalOf } from '../image-set-access.ts'

/** While image sets are added. */
const ATTEMPTS = 3

export async function deleteImageSets({ authorize, ...study }: DeletionOfStudy, app: App): Promise<void> {
  const { datastoreId, seriesInstanceUID } = study
  await activeDatastore(app, datastoreId)
  const runningMax = QUOTAS.concurrentDeletesPerDatastore
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const imageSetIds = await idsOf(app, study)
    await authorize(imageSetIds)
    const begun = await app.catalog.workflows.beginDeletions({
      ...{ ...study, imageSetIds, at: app.clock() },
      ...(app.awsQuotas ? { runningMax } : {}),
    })
    if (begun.outcome === 'begun') return app.workWaits()
    if (begun.outcome !== 'others') throw refusalOf(begun, { datastoreId, operation: 'DeleteImageSet', runningMax })
  }
  const what = seriesInstanceUID === undefined ? 'study' : 'series'
  throw new ContractError('ConflictException', `Image sets of this ${what} are being added or deleted: try again`)
}

/** At least one. */
async function idsOf(app: App, study: Omit<DeletionOfStudy, 'authorize'>): Promise<readonly string[]> {
  const { imageSetsPerDeletion: most } = app.limits
  const what = study.seriesInstanceUID === undefined ? 'study' : 'series'
  const found = await app.catalog.imageSets.idsOfStudy({ ...study, max: most + 1 })
  if (found.length > most) {
    const others = what === 'study' ? 'its series one by one' : 'its image sets by DeleteImageSet'
    throw new ContractError(
      'ValidationException',
      `This ${what} has more than ${most} image sets, which is the limit of one deletion: delete ${others}`,
    )
  }
  if (found.length > 0) return found
  throw new ContractError(
    'ResourceNotFoundException',
    `No image set of data store ${study.datastoreId} has this ${what}`,
  )
}
