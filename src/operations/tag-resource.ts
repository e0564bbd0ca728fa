/** TagResource: adds tags to a data store or an image set; an existing key gets the new value. */
import type { App } from '../app.ts'
import type { Input, Output } from '../contract/operations.ts'
import { resourceNotFound, TAGS_MAX, taggedResource, tooManyTags } from './tagged-resource.ts'

export async function tagResource(input: Input<'TagResource'>, app: App): Promise<Output<'TagResource'>> {
  const resource = taggedResource(app, input.resourceArn)
  switch (await app.catalog.tags.add(resource, { tags: input.tags, tagsMax: TAGS_MAX })) {
    case 'absent':
      throw resourceNotFound(input.resourceArn)
    case 'too-many':
      throw tooManyTags()
    case 'added':
      return {}
  }
}
