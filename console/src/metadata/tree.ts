/**
 * A metadata document as rows of a tree: patient, study, series and its instances, below each its attributes with tag, keyword, VR and
 * value, sequences opened item by item. Rows are made when they are looked at: a document may hold a million attributes.
 */
import { entryOf, tagOf } from '../../../src/dicom/dictionary.ts'
import { type Attributes, type InstanceInOrder, instancesOf, type MetadataDocument } from './document.ts'

export interface Node {
  /** Where it stands: of all rows different. */
  readonly id: string
  /** Keyword, or what the row stands for. */
  readonly label: string
  /** `(0010,0020)`, for attributes. */
  readonly tag: string
  readonly vr: string
  readonly value: string
  readonly children: (() => readonly Node[]) | undefined
}

/** Longer values are cut on screen; the search sees all of them. */
export const VALUE_SHOWN_CHARACTERS = 400

export function treeOf(document: MetadataDocument): readonly Node[] {
  const { Patient, Study } = document
  return [
    group('Patient', { label: 'Patient', value: text(Patient.DICOM.PatientID) }, () =>
      attributeNodes(Patient.DICOM, { path: 'Patient' }),
    ),
    group('Study', { label: 'Study', value: text(Study.DICOM.StudyDescription) }, () =>
      attributeNodes(Study.DICOM, { path: 'Study' }),
    ),
    ...Object.entries(Study.Series).map(([uid, series]) =>
      group(
        `Series/${uid}`,
        { label: 'Series', value: text(series.DICOM.SeriesDescription ?? series.DICOM.Modality) },
        () => attributeNodes(series.DICOM, { path: `Series/${uid}` }),
      ),
    ),
    ...Object.values(Study.Series).flatMap(instancesOf).map(instanceNode),
  ]
}

/** Rows that every document opens with. */
export const OPEN_AT_FIRST: readonly string[] = ['Patient', 'Study']

function instanceNode(instance: InstanceInOrder): Node {
  const path = `Instances/${instance.sopInstanceUID}`
  const label = instance.number === '' ? 'Instance' : `Instance ${instance.number}`
  return group(path, { label, value: instance.sopInstanceUID }, () =>
    attributeNodes(instance.DICOM, { path, vrs: instance.DICOMVRs ?? {} }),
  )
}

const group = (
  id: string,
  { label, value }: { label: string; value: string },
  children: () => readonly Node[],
): Node => ({
  id,
  label,
  tag: '',
  vr: '',
  value,
  children,
})

type Vrs = Readonly<Record<string, string>>

function attributeNodes(
  attributes: Attributes,
  within: { readonly path: string; readonly vrs?: Vrs },
): readonly Node[] {
  return Object.entries(attributes).map(([key, value]) => attributeNode(key, value, within))
}

function attributeNode(
  key: string,
  value: unknown,
  { path, vrs = {} }: { readonly path: string; readonly vrs?: Vrs },
): Node {
  const isTag = /^[0-9A-F]{8}$/.test(key)
  const tag = isTag ? key : tagOf(key)
  const entry = tag === undefined ? undefined : entryOf(tag)
  const vr = vrs[key] ?? (isSequence(value) ? 'SQ' : (entry?.vrs?.join(' or ') ?? entry?.vr ?? ''))
  const id = `${path}/${key}`
  return {
    id,
    label: isTag ? (entry?.keyword ?? 'Private') : key,
    tag: tag === undefined ? '' : `(${tag.slice(0, 4)},${tag.slice(4)})`,
    vr,
    value: isSequence(value) ? `${value.length} item${value.length === 1 ? '' : 's'}` : text(value),
    children: isSequence(value)
      ? () =>
          value.map((item, at) =>
            group(`${id}/${at + 1}`, { label: `Item ${at + 1}`, value: '' }, () =>
              attributeNodes(item, { path: `${id}/${at + 1}`, vrs }),
            ),
          )
      : undefined,
  }
}

/** Bulk data that stands apart is an object too, but no list. */
const isSequence = (value: unknown): value is readonly Attributes[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'object' && item !== null)

function text(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(text).join(' \\ ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

export interface FoundNode extends Node {
  /** The rows above it, from the outermost. */
  readonly where: string
}

/** @returns the first of those that have all the words in tag, keyword, VR or value, and whether there are more. */
export function search(
  roots: readonly Node[],
  sought: string,
  max: number,
): { readonly found: readonly FoundNode[]; readonly hasMore: boolean } {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean)
  const found: FoundNode[] = []
  let hasMore = false
  const look = (nodes: readonly Node[], where: readonly string[]) => {
    for (const node of nodes) {
      if (hasMore) return
      if (node.tag !== '' && words.every((word) => has(node, word))) {
        if (found.length === max) hasMore = true
        else found.push({ ...node, where: where.join(' › ') })
      }
      if (node.children !== undefined) look(node.children(), [...where, node.label])
    }
  }
  if (words.length > 0) look(roots, [])
  return { found, hasMore }
}

/** Tags are found however they are written: (0010,0020), 0010,0020 or 00100020. */
function has({ label, tag, vr, value }: Node, word: string): boolean {
  const digits = word.replaceAll(/[(),]/g, '')
  const isTag = /^[0-9a-f]{4,8}$/.test(digits) && tag.replaceAll(/[(),]/g, '').toLowerCase().startsWith(digits)
  return isTag || label.toLowerCase().includes(word) || vr.toLowerCase() === word || value.toLowerCase().includes(word)
}
