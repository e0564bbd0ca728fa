/**
 * The path of a blob below the folder of its store. In a bucket the key is the path. In a place of Hilum's own, one folder of keys can have
 * millions of blobs, so they are spread by the first two characters of their names: `a/b/c0ffee` is stored at `a/b/~c0/c0ffee`. A listing
 * reads these folders in order, which is the order of the keys, and never has all names in memory.
 */

export type Layout = 'bucket' | 'spread'

/** The suffix of unfinished files, and of the folder that they are in. No key has such a part. */
export const UNFINISHED = '.unfinished'
const UNFINISHED_PART = /^\.hilum.*\.unfinished$/
const SPREAD_FOLDER = /^~.{1,2}$/su

export const isReservedPart = (name: string, layout: Layout): boolean =>
  UNFINISHED_PART.test(name) || (layout === 'spread' && SPREAD_FOLDER.test(name))

export const isReserved = (key: string, layout: Layout): boolean =>
  key.split('/').some((part) => isReservedPart(part, layout))

/** The first two characters: 256 folders for hexadecimal names, each with some thousand of a million blobs. */
export const spreadPrefixOf = (name: string): string => [...name.slice(0, 4)].slice(0, 2).join('')

export const isSpreadFolder = (name: string): boolean => SPREAD_FOLDER.test(name)

/** The path, and the one of earlier versions, which did not spread blobs. */
export function pathsOf(key: string, layout: Layout): readonly string[] {
  if (layout === 'bucket') return [key]
  const at = key.lastIndexOf('/') + 1
  return [`${key.slice(0, at)}~${spreadPrefixOf(key.slice(at))}/${key.slice(at)}`, key]
}
