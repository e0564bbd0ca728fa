/** Deletes a study or series. PS3.18 has no such transaction; archives answer it with 204. */
import { ContractError } from '../../contract/errors.ts'
import { arnsOf } from '../../security/authorization/arns.ts'
import type { DicomwebAnswer } from './answer.ts'
import { namedStudy } from './named.ts'
import { valuesOfKeys } from './routes.ts'

export const deleteImageSets: DicomwebAnswer = async (call, { app, operations }) => {
  const { imageSetId, ...study } = namedStudy(call)
  if (imageSetId !== undefined) {
    const message = 'A study or series is deleted with all its image sets: leave out imageSetId, or use DeleteImageSet'
    throw new ContractError('ValidationException', message)
  }
  const arns = arnsOf(app)
  const authorize = (imageSetIds: readonly string[]) =>
    call.authorize(
      imageSetIds.map((imageSetId) => ({
        action: 'medical-imaging:DeleteImageSet',
        resource: arns.imageSet(study.datastoreId, imageSetId),
        values: valuesOfKeys(call.labels),
      })),
    )
  await operations.deleteImageSets({ ...study, authorize }, app)
  return { status: 204, headers: {}, body: '' }
}
