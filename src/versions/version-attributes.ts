/**
 * Patient, study and series of one version, and the overrides of its instances. One range of a blob has the text of the attributes, followed
 * by a line for each instance with overrides. Memory holds the attributes and the place of each line.
 */

import type { ImportApp } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import {
  type AttributeOverrides,
  carriedOver,
  changesBetween,
  type FlatAttributes,
  flatAttributes,
  lineOf,
  overridesBetween,
  overridesOfLine,
  uidOfLine,
  withoutKeys,
} from '../imaging/documents/attribute-overrides.ts'
import { WindowReader } from '../ingest/window-reader.ts'
import type { AttributesRange, InstanceRecord, VersionOfDatastore } from '../stores/catalog/image-set-records.ts'
import type { DocumentJoiner, Overrides, VersionAttributes } from './join-document.ts'

export type StoredContent = Pick<ImportApp, 'catalog' | 'blobs' | 'limits'>

/** For instances of imported files: each has the attributes of its file. */
export function attributesOfFiles(joiner: DocumentJoiner, text: string): VersionAttributes {
  const bytes = Buffer.from(text)
  let flat: FlatAttributes | undefined
  // Most instances that differ have the same overrides.
  let last: { readonly own: Buffer; readonly overrides: Overrides } | undefined
  return {
    text,
    async overridesOf(instance) {
      const own = await joiner.metadata(instance, 'imageSetAttributes')
      if (bytes.equals(own)) return undefined
      if (last?.own.equals(own) !== true) {
        flat ??= flatAttributes(text)
        const copied = Buffer.from(own)
        last = { own: copied, overrides: overridesBetween(flatAttributes(copied.toString()), flat) }
      }
      return last.overrides
    },
  }
}

/** The same instances with the attributes of another text: where it differs, they keep their values as overrides. */
export function keptUnder(base: VersionAttributes, text: string): VersionAttributes {
  if (base.text === text) return base
  const attributes = flatAttributes(text)
  const changes = changesBetween(flatAttributes(base.text), attributes)
  return {
    text,
    overridesOf: async (instance) => carriedOver(await base.overridesOf(instance), { changes, attributes }),
  }
}

/** The same instances with the attributes of another text, whose values of these keys apply to all of them. */
export const subjectTo = (
  base: VersionAttributes,
  text: string,
  keys: { has(key: string): boolean },
): VersionAttributes => ({
  text,
  overridesOf: async (instance) => withoutKeys(await base.overridesOf(instance), keys),
})

/** The same instances in an image set with other attributes, which apply wherever the two differ. */
export const movedUnder = (base: VersionAttributes, text: string): VersionAttributes =>
  subjectTo(base, text, changesBetween(flatAttributes(base.text), flatAttributes(text)))

/**
 * As stored.
 * @throws ContractError ResourceNotFoundException if the version was deleted since the caller read it
 */
export async function attributesOfVersion(app: StoredContent, version: VersionOfDatastore): Promise<VersionAttributes> {
  const place = await app.catalog.imageSets.attributes(version)
  if (place === 'absent') throw versionNotFound(version)
  return storedAttributes(app.blobs, place)
}

export const versionNotFound = ({ datastoreId, imageSetId, version }: VersionOfDatastore) =>
  new ContractError(
    'ResourceNotFoundException',
    `Data store ${datastoreId} has no image set ${imageSetId} in version ${version}`,
  )

type Blobs = StoredContent['blobs']

/** Without the overrides of instances. */
export async function storedAttributesText(blobs: Blobs, place: AttributesRange): Promise<string> {
  for await (const line of linesOf(blobs, place)) return line.bytes.toString()
  throw new Error(`the blob ${place.blobKey} has no image set attributes where they should be`)
}

async function storedAttributes(blobs: Blobs, place: AttributesRange): Promise<VersionAttributes> {
  let text: string | undefined
  const lines = new Map<string, { readonly offsetBytes: number; readonly lengthBytes: number }>()
  for await (const { bytes, offsetBytes } of linesOf(blobs, place)) {
    if (text === undefined) text = bytes.toString()
    else lines.set(uidOfLine(bytes.toString('utf8', 0, UID_BYTES_MAX)), { offsetBytes, lengthBytes: bytes.length })
  }
  if (text === undefined) throw new Error(`the blob ${place.blobKey} has no image set attributes where they should be`)
  const reader = new WindowReader(blobs, 'small')
  return {
    text,
    async overridesOf({ sopInstanceUID }) {
      const line = lines.get(sopInstanceUID)
      if (line === undefined) return undefined
      const bytes = await reader.read({ blobKey: place.blobKey, ...line })
      return overridesOfLine(Buffer.from(bytes).toString())
    },
  }
}

/** A UID of at most 256 characters (imaging/search/summary-attributes.ts), each of which takes at most six bytes in JSON. */
const UID_BYTES_MAX = 6 * 256 + 2

/** The attributes of a version, then the values in which single instances differ. */
export async function* attributesAndOverrides(
  blobs: Blobs,
  place: AttributesRange,
): AsyncGenerator<{ readonly text: string } | { readonly overrides: AttributeOverrides }> {
  let isFirst = true
  for await (const { bytes } of linesOf(blobs, place)) {
    yield isFirst ? { text: bytes.toString() } : { overrides: overridesOfLine(bytes.toString()) }
    isFirst = false
  }
}

interface Line {
  readonly bytes: Buffer
  readonly offsetBytes: number
}

/** Memory holds one line. @throws if the blob ends before the range */
async function* linesOf(blobs: Blobs, { blobKey, offsetBytes, sizeBytes }: AttributesRange): AsyncGenerator<Line> {
  const blob = await blobs.open(blobKey, { start: offsetBytes, length: sizeBytes })
  if (blob === undefined) throw new Error(`the blob ${blobKey} is missing`)
  let parts: Uint8Array[] = []
  let lineAt = offsetBytes
  let at = offsetBytes
  for await (const chunk of blob.bytes) {
    let start = 0
    for (let end = chunk.indexOf(LINE_BREAK); end !== -1; end = chunk.indexOf(LINE_BREAK, start)) {
      parts.push(chunk.subarray(start, end))
      yield { bytes: Buffer.concat(parts), offsetBytes: lineAt }
      parts = []
      start = end + 1
      lineAt = at + start
    }
    parts.push(chunk.subarray(start))
    at += chunk.length
  }
  if (at - offsetBytes < sizeBytes) throw new Error(`the blob ${blobKey} is too short`)
  yield { bytes: Buffer.concat(parts), offsetBytes: lineAt }
}

const LINE_BREAK = 0x0a

/** What is stored for a version. @param different the instances with overrides */
export async function* attributesBytes(
  attributes: VersionAttributes,
  different: readonly InstanceRecord[],
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(attributes.text)
  for (const instance of different) {
    const overrides = await attributes.overridesOf(instance)
    if (overrides !== undefined) yield overridesBytes(instance, overrides)
  }
}

/** What is stored for one of these instances, after the attributes. */
export const overridesBytes = ({ sopInstanceUID }: InstanceRecord, overrides: AttributeOverrides): Uint8Array =>
  Buffer.from(lineOf(sopInstanceUID, overrides))
