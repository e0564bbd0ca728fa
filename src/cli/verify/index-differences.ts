/** Says what `hilum verify` has found in the search index. */
import type { IndexDifference, IndexDifferenceKind } from '../../stores/catalog/search-repository.ts'

const IN_WORDS: Readonly<Record<IndexDifferenceKind, (difference: IndexDifference) => string>> = {
  'entries-without-leaf': () => 'there are entries of it, and no leaf',
  'leaf-without-entries': () => 'its entries are missing',
  'leaf-without-space': () => 'its partition is missing',
  'leaf-damaged': () => 'its bytes are not those of whole entries and bounds',
  'leaf-count-wrong': () => 'it says another number of entries than it has',
  'leaf-bounds-wrong': () => 'its bounds are not those of its entries',
  'leaf-older-than-entry': () => 'an entry is of a later change than it says itself',
  'entry-twice': ({ seq }) => `image set row ${seq} has two entries in it`,
  'entry-outside-cell': ({ seq }) => `the entry of image set row ${seq} lies outside of its region`,
  'entry-without-image-set': ({ seq }) =>
    `it has an entry of image set row ${seq}, which is deleted or was never there`,
  'entry-in-wrong-space': ({ seq }) => `image set row ${seq} does not belong into the partition`,
  'entry-differs': ({ seq, differing = [] }) =>
    `the entry of image set row ${seq} is unlike the row in ${differing.join(', ')}`,
  'partition-without-datastore': () => 'its data store is missing',
  'regions-overlap': () => 'its region shares points with that of another leaf',
  'regions-leave-gap': () => 'some points lie in the region of no leaf',
  'partition-incomplete': ({ entries, imageSets }) => `it has ${entries} entries for ${imageSets} image sets`,
  'image-sets-without-space': ({ imageSets }) => `${imageSets} image sets have no partition for it`,
}

/** `leaf 17 of space 3 (DICOMPatientId, primary) of data store row 1: the entry of image set row 123 is unlike the row in updatedAt` */
export function describeIndexDifference(difference: IndexDifference): string {
  const { leaf, partition, datastore, isPrimary, attributes = [] } = difference
  const kind = [...attributes, isPrimary === true ? 'primary' : 'not primary'].join(', ')
  const where = [
    ...(leaf === undefined ? [] : [`leaf ${leaf}`]),
    ...(partition === undefined
      ? isPrimary === undefined
        ? []
        : [`what is ${kind}`]
      : [`partition ${partition} (${kind})`]),
    ...(datastore === undefined ? [] : [`data store row ${datastore}`]),
  ]
  return `${where.join(' of ')}: ${IN_WORDS[difference.kind](difference)}`
}
