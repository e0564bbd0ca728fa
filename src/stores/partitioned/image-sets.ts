/** Image sets of all partitions: an image set and a study are in one, and other searches ask all of them (search-image-sets.ts). */
import type { ImageSets } from '../catalog/image-set-repository.ts'
import { isInControl, type Partition, type Placement } from './placement.ts'
import { searchOver } from './search-image-sets.ts'
import type { Study, StudyPlaces } from './study-places.ts'

type ImageSetOfDatastore = Parameters<Placement['ofImageSet']>[0]

export function partitionedImageSets(placement: Placement, studies: StudyPlaces): ImageSets {
  const repositoryOf = async (imageSet: ImageSetOfDatastore) => (await placement.ofImageSet(imageSet)).catalog.imageSets
  const search = searchOver(studies)

  /** Of a study, or of the named image set of it. */
  async function ofStudy<Found>(
    study: Study & { readonly imageSetId?: string | undefined },
    read: (imageSets: ImageSets) => Promise<Found>,
    isNothing: (found: Found) => boolean,
  ): Promise<Found> {
    const { datastoreId, imageSetId } = study
    if (imageSetId !== undefined) return read(await repositoryOf({ datastoreId, imageSetId }))
    return studies.read(study, ({ catalog }) => read(catalog.imageSets), isNothing)
  }
  const isEmpty = (found: readonly unknown[]) => found.length === 0

  return {
    async search(request) {
      const partitions = await placement.of(request.datastoreId)
      return isInControl(partitions) ? placement.control.imageSets.search(request) : search(request, partitions)
    },
    forgetSearches(datastoreId) {
      for (const { catalog } of placement.opened) catalog.imageSets.forgetSearches(datastoreId)
    },
    get: async (imageSet) => (await repositoryOf(imageSet)).get(imageSet),
    versions: async (imageSet) => (await repositoryOf(imageSet)).versions(imageSet),
    attributes: async (version) => (await repositoryOf(version)).attributes(version),
    instances: async (imageSet) => (await repositoryOf(imageSet)).instances(imageSet),
    frames: async (frames) => (await repositoryOf(frames)).frames(frames),
    instanceRecords: async (version) => (await repositoryOf(version)).instanceRecords(version),
    instancesOfSeries: (series) => ofStudy(series, (imageSets) => imageSets.instancesOfSeries(series), isEmpty),
    ofStudy: (study) => ofStudy(study, (imageSets) => imageSets.ofStudy(study), isEmpty),
    idsOfStudy: (study) => ofStudy(study, (imageSets) => imageSets.idsOfStudy(study), isEmpty),
    representativeInstance: (of) =>
      ofStudy(
        of,
        (imageSets) => imageSets.representativeInstance(of),
        (found) => found === 'absent',
      ),
    countInstances: async (version) => (await repositoryOf(version)).countInstances(version),
    document: async (version) => (await repositoryOf(version)).document(version),
    async recordAccesses(accesses, options) {
      const placed = await Promise.all(accesses.map((access) => placement.ofImageSet(access)))
      const byPartition = new Map<Partition, (typeof accesses)[number][]>()
      for (const [at, partition] of placed.entries()) {
        const some = byPartition.get(partition)
        if (some === undefined) byPartition.set(partition, [accesses[at]!])
        else some.push(accesses[at]!)
      }
      for (const [{ catalog }, some] of byPartition) await catalog.imageSets.recordAccesses(some, options)
    },
    delete: async (imageSet) => (await repositoryOf(imageSet)).delete(imageSet),
  }
}
