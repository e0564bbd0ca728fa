/**
 * Where a blob lies below the folder of its store. A bucket is as people made it: the key is the path. In a place of our own one folder
 * of keys may come to hold millions of blobs, so there they are spread by how their names begin: `a/b/c0ffee` lies in `a/b/~c0/c0ffee`.
 * Listed in the order of those beginnings they come in the order of the keys, and a folder is never held whole.
 */

export type Layout = 'bucket' | 'spread'

/** How names of files end that are still being written, and of the folder that they lie in; no key has such a part. */
export const UNFINISHED = '.unfinished'
const UNFINISHED_PART = /^\.hilum.*\.unfinished$/
const SPREAD_FOLDER = /^~.{1,2}$/su

export const isReservedPart = (name: string, layout: Layout): boolean =>
  UNFINISHED_PART.test(name) || (layout === 'spread' && SPREAD_FOLDER.test(name))

export const isReserved = (key: string, layout: Layout): boolean =>
  key.split('/').some((part) => isReservedPart(part, layout))

/** Two characters: 256 folders where names are hexadecimal digits, each of some thousand where there are a million. */
export const beginningOf = (name: string): string => [...name.slice(0, 4)].slice(0, 2).join('')

export const isSpreadFolder = (name: string): boolean => SPREAD_FOLDER.test(name)

/** Where it is put, and where it was put before they were spread. */
export function pathsOf(key: string, layout: Layout): readonly string[] {
  if (layout === 'bucket') return [key]
  const at = key.lastIndexOf('/') + 1
  return [`${key.slice(0, at)}~${beginningOf(key.slice(at))}/${key.slice(at)}`, key]
}
