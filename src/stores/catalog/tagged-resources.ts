/** The tags of data stores and image sets. */

/** A data store, or one of its image sets if `imageSetId` is given. */
export interface TaggedResource {
  readonly datastoreId: string
  readonly imageSetId: string | undefined
}

/**
 * `shortened`: a retention would end earlier. `deletion-begun`: a lock comes too late, because the resource, or an image set of the data
 * store, is being deleted.
 */
export type AddTagsOutcome = 'added' | 'absent' | 'too-many' | 'shortened' | 'deletion-begun'

/** A deleted resource is absent and has no tags. */
export interface Tags {
  /** Adds all tags or none: `too-many` if the resource would have more than `tagsMax`. */
  add(
    resource: TaggedResource,
    request: { readonly tags: Readonly<Record<string, string>>; readonly tagsMax: number; readonly at: number },
  ): Promise<AddTagsOutcome>
  /** Ignores keys that the resource does not have. */
  remove(resource: TaggedResource, keys: readonly string[]): Promise<'removed' | 'absent'>
  /** Sorted by key; undefined if the resource is absent. */
  list(resource: TaggedResource): Promise<Readonly<Record<string, string>> | undefined>
}
