/**
 * Tags: of image sets in their partitions, of data stores in the control catalog and in each partition, where deletions look for the locks of a
 * data store.
 */
import type { Tags } from '../catalog/tagged-resources.ts'
import type { Placement } from './placement.ts'

export function partitionedTags(placement: Placement): Tags {
  const { control } = placement
  const ofImageSet = async (datastoreId: string, imageSetId: string) =>
    (await placement.ofImageSet({ datastoreId, imageSetId })).catalog.tags
  return {
    async add(resource, request) {
      const { datastoreId, imageSetId } = resource
      if (imageSetId !== undefined) return (await ofImageSet(datastoreId, imageSetId)).add(resource, request)
      const before = (await control.tags.list(resource)) ?? {}
      const added: (typeof control)[] = []
      for (const { catalog } of [...(await placement.numberedOf(datastoreId)), { catalog: control }]) {
        const outcome = await catalog.tags.add(resource, request)
        if (outcome !== 'added') {
          for (const each of added) await putBack(each.tags, resource, { before, added: Object.keys(request.tags) })
          return outcome
        }
        added.push(catalog)
      }
      return 'added'
    },
    async remove(resource, keys) {
      const { datastoreId, imageSetId } = resource
      if (imageSetId !== undefined) return (await ofImageSet(datastoreId, imageSetId)).remove(resource, keys)
      const outcome = await control.tags.remove(resource, keys)
      for (const { catalog } of await placement.numberedOf(datastoreId)) await catalog.tags.remove(resource, keys)
      return outcome
    },
    async list(resource) {
      const { datastoreId, imageSetId } = resource
      return imageSetId === undefined
        ? control.tags.list(resource)
        : (await ofImageSet(datastoreId, imageSetId)).list(resource)
    },
  }
}

/** What an addition that was refused elsewhere has changed. */
async function putBack(
  tags: Tags,
  resource: Parameters<Tags['add']>[0],
  { before, added }: { readonly before: Readonly<Record<string, string>>; readonly added: readonly string[] },
): Promise<void> {
  await tags.remove(resource, added)
  const former = Object.entries(before).filter(([key]) => added.includes(key))
  if (former.length === 0) return
  await tags.add(resource, { tags: Object.fromEntries(former), tagsMax: Number.MAX_SAFE_INTEGER, at: 0 })
}
