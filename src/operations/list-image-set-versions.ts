/** ListImageSetVersions: all versions of an image set, including failed updates and copies, newest first. */
import type { App } from '../app.ts'
import type { Input, Output } from '../contract/operations.ts'
import { deletedSince, knownDatastore } from './datastore-access.ts'
import { imageSetNotFound } from './image-set-access.ts'
import { positionOfPage, takePage } from './page-tokens.ts'

interface Before {
  readonly version: number
}

export async function listImageSetVersions(
  input: Input<'ListImageSetVersions'>,
  app: App,
): Promise<Output<'ListImageSetVersions'>> {
  const { datastoreId } = await knownDatastore(app, input.datastoreId)
  const { imageSetId } = input
  const request = ['ListImageSetVersions', datastoreId, imageSetId]
  const size = input.maxResults ?? app.limits.pageSize
  const found = await app.catalog.imageSets.versions({
    ...{ datastoreId, imageSetId, deletedSince: deletedSince(app) },
    before: positionOfPage<Before>(app.pageTokens, { request, nextToken: input.nextToken })?.version,
    limit: size + 1,
  })
  if (found === undefined) throw imageSetNotFound({ datastoreId, imageSetId })
  const { rows, nextToken } = takePage(found, {
    size,
    tokenAfter: ({ version }) => app.pageTokens.seal(request, { version } satisfies Before),
  })
  const imageSetPropertiesList = rows.map((each) => ({
    imageSetId,
    versionId: String(each.version),
    imageSetState: each.imageSetState,
    ImageSetWorkflowStatus: each.workflowStatus,
    createdAt: each.createdAt,
    updatedAt: each.updatedAt,
    deletedAt: each.deletedAt,
    message: each.message,
    overrides: each.forced ? { forced: true } : undefined,
    isPrimary: each.isPrimary,
  }))
  return { imageSetPropertiesList, nextToken }
}
