/** Part of the catalog: the tags of data stores and image sets. */
/** A data store, or where `imageSetId` is given an image set of it. */
export interface TaggedResource {
  readonly datastoreId: string
  readonly imageSetId: string | undefined
}

export type AddTagsOutcome = 'added' | 'absent' | 'too-many'

/** A resource that is deleted is absent, and its tags are gone. */
export interface Tags {
  /** All or none: `too-many` where the resource would have more than `tagsMax`. */
  add(
    resource: TaggedResource,
    request: { readonly tags: Readonly<Record<string, string>>; readonly tagsMax: number },
  ): Promise<AddTagsOutcome>
  /** A key that the resource has not is no error. */
  remove(resource: TaggedResource, keys: readonly string[]): Promise<'removed' | 'absent'>
  /** By key; undefined where the resource is absent. */
  list(resource: TaggedResource): Promise<Readonly<Record<string, string>> | undefined>
}
