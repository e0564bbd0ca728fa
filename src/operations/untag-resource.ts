/** UntagResource: removes tags from a data store or an image set; unknown keys are ignored. */
import type { App } from '../app.ts'
import type { Input, Output } from '../contract/operations.ts'
import { resourceNotFound, taggedResource } from './tagged-resource.ts'

export async function untagResource(input: Input<'UntagResource'>, app: App): Promise<Output<'UntagResource'>> {
  const removed = await app.catalog.tags.remove(taggedResource(app, input.resourceArn), input.tagKeys)
  if (removed === 'absent') throw resourceNotFound(input.resourceArn)
  return {}
}
