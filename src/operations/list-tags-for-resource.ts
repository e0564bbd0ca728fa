/** ListTagsForResource: all tags of a data store or an image set. */
import type { App } from '../app.ts'
import type { Input, Output } from '../contract/operations.ts'
import { resourceNotFound, taggedResource } from './tagged-resource.ts'

export async function listTagsForResource(
  input: Input<'ListTagsForResource'>,
  app: App,
): Promise<Output<'ListTagsForResource'>> {
  const tags = await app.catalog.tags.list(taggedResource(app, input.resourceArn))
  if (tags === undefined) throw resourceNotFound(input.resourceArn)
  return { tags }
}
