/** Describes what `hilum verify` has found in the search index. */
import type { IndexDifference, IndexDifferenceKind } from '../../stores/catalog/search-repository.ts'

const IN_WORDS: Readonly<Record<IndexDifferenceKind, (difference: IndexDifference) => string>> = {
  'entries-without-leaf': () => 'it has entries but no bounds',
  'leaf-without-entries': () => 'its entries are missing',
  'leaf-without-partition': () => 'its index partition is missing',
  'leaf-damaged': () => 'its bytes do not decode to entries and bounds',
  'leaf-count-wrong': () => 'its entry count is wrong',
  'leaf-bounds-wrong': () => 'its bounds do not match its entries',
  'leaf-older-than-entry': () => 'it has an entry of a later change than its own',
  'entry-twice': ({ rowId }) => `image set row ${rowId} has two entries in it`,
  'entry-outside-region': ({ rowId }) => `the entry of image set row ${rowId} is outside its region`,
  'entry-without-image-set': ({ rowId }) => `it has an entry of image set row ${rowId}, which does not exist`,
  'entry-in-wrong-partition': ({ rowId }) => `image set row ${rowId} does not belong to the index partition`,
  'entry-differs': ({ rowId, differing = [] }) =>
    `the entry of image set row ${rowId} differs from the row in ${differing.join(', ')}`,
  'partition-without-datastore': () => 'its data store is missing',
  'regions-overlap': () => 'its region overlaps the region of another leaf',
  'regions-leave-gap': () => 'its regions leave a gap',
  'partition-incomplete': ({ entries, imageSets }) => `it has ${entries} entries for ${imageSets} image sets`,
  'image-sets-without-partition': ({ imageSets }) => `${imageSets} image sets have no index partition for it`,
  'image-sets-without-words': ({ imageSets }) => `${imageSets} image sets have words, but there is no dictionary`,
  'words-missing': ({ words }) => `${words} words of image sets are not in the postings`,
  'words-superfluous': ({ words }) => `the postings have ${words} words that their image sets do not have`,
  'words-damaged': ({ words }) => `${words} postings do not decode`,
  'text-without-declaration': ({ words }) => `${words} texts of image sets are of attributes that are not declared`,
  'posting-without-word': ({ words }) => `${words} postings are of words that are not in the dictionary`,
  'word-without-posting': ({ words }) => `${words} words of the dictionary have no posting`,
  'prefix-without-postings': ({ words }) => `${words} prefixes of many words have no postings`,
  'text-without-postings': ({ words }) =>
    `${words} texts have index partitions without postings, or postings without index partitions`,
  'studies-differ': ({ studies }) => `${studies} studies are not as their image sets have them`,
  'study-total-wrong': () => 'the total of its studies is wrong',
}

/** `leaf 17 of index partition 3 (DICOMPatientId, primary) of data store row 1: the entry of image set row 123 differs from the row in updatedAt` */
export function describeIndexDifference(difference: IndexDifference): string {
  const { leaf, partition, datastore, isPrimary, chunk, attributes = [] } = difference
  const kind = [...attributes, isPrimary === true ? 'primary' : 'not primary'].join(', ')
  const where = [
    ...(leaf === undefined ? [] : [`leaf ${leaf}`]),
    ...(chunk === undefined ? [] : [`chunk ${chunk} of the words`]),
    ...(partition === undefined
      ? isPrimary === undefined
        ? []
        : [`what is ${kind}`]
      : [`index partition ${partition} (${kind})`]),
    ...(datastore === undefined ? [] : [`data store row ${datastore}`]),
  ]
  return `${where.join(' of ')}: ${IN_WORDS[difference.kind](difference)}`
}
