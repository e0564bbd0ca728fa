/**
 * The metadata document of one group: extended in memory where its job has written the one before (growing-documents.ts), else joined from
 * the metadata of all instances of the version.
 */
import type { ImportApp } from '../app.ts'
import { flatAttributes, keysThatDiffer } from '../imaging/documents/attribute-overrides.ts'
import { DeclaredValues } from '../imaging/documents/declared-values.ts'
import type { DocumentBody } from '../imaging/documents/metadata-document.ts'
import { coercionWarning, type ImportWarning } from '../imaging/import-warnings.ts'
import type { Declared } from '../stores/catalog/declared-attribute-repository.ts'
import type { GroupDocument, InstanceRecord, NextVersion } from '../stores/catalog/image-set-records.ts'
import type { ImportJob } from '../stores/catalog/import-job-repository.ts'
import { type AddedInstance, GrowingDocument, type GrowingDocuments } from '../versions/growing-documents.ts'
import type { DocumentJoiner, DocumentToJoin, JoinedDocument } from '../versions/join-document.ts'
import {
  attributesBytes,
  attributesOfFiles,
  attributesOfVersion,
  keptUnder,
  overridesBytes,
} from '../versions/version-attributes.ts'

export interface WritingDocuments {
  readonly app: ImportApp
  readonly job: ImportJob
  readonly joiner: DocumentJoiner
  readonly declared: Declared
  readonly growing?: GrowingDocuments | undefined
}

interface WrittenDocument extends Required<Pick<GroupDocument, 'declaredTexts' | 'warnings'>> {
  readonly body: DocumentBody
  readonly sizeBytes: number
  /** 0 if no instance has overrides. */
  readonly attributesSizeBytes: number
  /** To be kept when the version is published; undefined if it is too large. */
  readonly grown: GrowingDocument | undefined
}

/** The bytes of the document, and of its attributes if instances have overrides. */
export async function* groupDocument(
  writing: WritingDocuments,
  version: NextVersion,
): AsyncGenerator<Uint8Array, WrittenDocument> {
  const extended = await extendedDocument(writing, version)
  return extended === undefined ? yield* joined(writing, version) : yield* stored(extended)
}

interface ExtendedDocument {
  readonly document: GrowingDocument
  readonly warnings: ReadonlyMap<string, ImportWarning>
}

/** Made from the document before, in memory. Undefined if that is not there, or if other instances change too. */
async function extendedDocument(
  { joiner, declared, growing }: WritingDocuments,
  version: NextVersion,
): Promise<ExtendedDocument | undefined> {
  const { base, added } = version
  const document = base && growing?.take(base)
  if (document === undefined) return undefined
  const text = Buffer.from(await joiner.metadata(added.at(-1)!, 'imageSetAttributes')).toString()
  const isExtended =
    text === document.text &&
    declared.revision === document.revision &&
    added.every(({ sopInstanceUID }) => !document.has(sopInstanceUID))
  if (!isExtended) {
    document.overwrite()
    return undefined
  }
  const attributes = attributesOfFiles(joiner, text)
  const instances: AddedInstance[] = []
  const lines: Uint8Array[] = []
  const different: InstanceRecord[] = []
  for (const instance of added) {
    const overrides = await attributes.overridesOf(instance)
    const metadata = await joiner.metadata(instance, 'instanceMetadata')
    instances.push({ sopInstanceUID: instance.sopInstanceUID, metadata, overrides })
    if (overrides === undefined) continue
    lines.push(overridesBytes(instance, overrides))
    different.push(instance)
  }
  document.add(instances, lines)
  return { document, warnings: await warningsOf({ attributes }, { version, different }) }
}

function* stored({ document, warnings }: ExtendedDocument): Generator<Uint8Array, WrittenDocument> {
  yield* document.deflated
  const { attributes, declared } = document
  if (attributes !== undefined) yield attributes
  return {
    ...{ body: document.body(), sizeBytes: document.deflatedBytes, attributesSizeBytes: attributes?.length ?? 0 },
    ...{ declaredTexts: declared.texts(), warnings, grown: document },
  }
}

/** Made from the metadata of all instances. */
async function* joined(
  { app, job, joiner, declared: { attributes: declaredAttributes, revision }, growing }: WritingDocuments,
  version: NextVersion,
): AsyncGenerator<Uint8Array, WrittenDocument> {
  const content = await contentOf(app, { job, joiner, version })
  let document: JoinedDocument | undefined
  const onEnd = (ended: JoinedDocument) => {
    document = ended
  }
  const declared = new DeclaredValues(declaredAttributes)
  const keptBytesMax = growing?.limitBytes ?? 0
  const kept: Uint8Array[] = []
  let sizeBytes = 0
  for await (const bytes of joiner.body({ ...content, declared }, onEnd)) {
    sizeBytes += bytes.length
    if (sizeBytes <= keptBytesMax) kept.push(bytes)
    yield bytes
  }
  const { body, different, deflater } = document!
  const keptAttributes: Uint8Array[] = []
  let attributesSizeBytes = 0
  if (different.length > 0) {
    for await (const bytes of attributesBytes(content.attributes, different)) {
      attributesSizeBytes += bytes.length
      if (sizeBytes + attributesSizeBytes <= keptBytesMax) keptAttributes.push(bytes)
      yield bytes
    }
  }
  const written = { body, sizeBytes, attributesSizeBytes, declaredTexts: declared.texts() }
  const warnings = await warningsOf(content, { version, different })
  if (sizeBytes + attributesSizeBytes > keptBytesMax) return { ...written, warnings, grown: undefined }
  const grown = new GrowingDocument({
    ...{ deflater, declared, revision, text: content.attributes.text },
    deflated: Buffer.concat(kept.slice(0, -1)),
    attributes: different.length === 0 ? undefined : Buffer.concat(keptAttributes),
    sopInstanceUIDs: content.instances.map(({ sopInstanceUID }) => sopInstanceUID),
  })
  return { ...written, warnings, grown }
}

type Content = Pick<DocumentToJoin, 'instances' | 'attributes'>

/** The patient, study and series attributes are those of the last file. Instances with other values keep them as overrides. */
async function contentOf(
  app: ImportApp,
  { job, joiner, version }: { readonly job: ImportJob; readonly joiner: DocumentJoiner; readonly version: NextVersion },
): Promise<Content> {
  const { base, added } = version
  const instances = await instancesOf(app, job, version)
  const text = Buffer.from(await joiner.metadata(added.at(-1)!, 'imageSetAttributes')).toString()
  const ofFiles = attributesOfFiles(joiner, text)
  if (base === undefined) return { instances, attributes: ofFiles }
  const of = { datastoreId: job.datastoreId, ...base }
  const held = keptUnder(await attributesOfVersion(app, of), text)
  const isAdded = new Set(added)
  const overridesOf = (instance: InstanceRecord) => (isAdded.has(instance) ? ofFiles : held).overridesOf(instance)
  return { instances, attributes: { text, overridesOf } }
}

/** By SOPInstanceUID, for the files of this job: those of earlier jobs had their warnings then. */
async function warningsOf(
  { attributes }: Pick<Content, 'attributes'>,
  { version, different }: { readonly version: NextVersion; readonly different: readonly InstanceRecord[] },
): Promise<ReadonlyMap<string, ImportWarning>> {
  const warnings = new Map<string, ImportWarning>()
  if (different.length === 0) return warnings
  const flat = flatAttributes(attributes.text)
  const isAdded = new Set(version.added)
  for (const instance of different) {
    if (!isAdded.has(instance)) continue
    const keys = keysThatDiffer((await attributes.overridesOf(instance))!, flat)
    if (keys.length > 0) warnings.set(instance.sopInstanceUID, coercionWarning(keys))
  }
  return warnings
}

async function instancesOf(
  app: ImportApp,
  { datastoreId }: ImportJob,
  { base, added }: NextVersion,
): Promise<readonly InstanceRecord[]> {
  if (base === undefined) return added
  const again = new Set(added.map(({ sopInstanceUID }) => sopInstanceUID))
  const held = await app.catalog.imageSets.instanceRecords({ datastoreId, ...base })
  return [...held.filter(({ sopInstanceUID }) => !again.has(sopInstanceUID)), ...added]
}
