/** TagResource: adds tags to a data store or an image set; an existing key gets the new value. */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import { RETAIN_UNTIL } from '../contract/lock-tags.ts'
import type { Input, Output } from '../contract/operations.ts'
import { requireValidTags, resourceNotFound, TAGS_MAX, taggedResource, tooManyTags } from './tagged-resource.ts'

export async function tagResource(input: Input<'TagResource'>, app: App): Promise<Output<'TagResource'>> {
  const resource = taggedResource(app, input.resourceArn)
  requireValidTags(input.tags, app)
  switch (await app.catalog.tags.add(resource, { tags: input.tags, tagsMax: TAGS_MAX, at: app.clock() })) {
    case 'absent':
      throw resourceNotFound(input.resourceArn)
    case 'too-many':
      throw tooManyTags()
    // The operation models no ConflictException.
    case 'shortened':
      throw new ContractError(
        'ValidationException',
        `A retention can only be extended. To end it earlier remove the tag ${RETAIN_UNTIL} first, which needs the action hilum:ReleaseObjectLock`,
      )
    case 'deletion-begun':
      throw new ContractError(
        'ValidationException',
        'The lock comes too late: a deletion of this image set, or of an image set of this data store, has begun. Wait until it has ended',
      )
    case 'added':
      return {}
  }
}
