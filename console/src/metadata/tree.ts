/**
 * A metadata document as a tree: patient, study, series and instances, with their attributes and the items of sequences. Children are
 * created on demand, because a document may have a million attributes.
 */
import { entryOf, tagOf } from '../../../src/dicom/dictionary.ts'
import { type Attributes, instancesOf, type MetadataDocument, type SortedInstance } from './document.ts'

export interface TreeNode {
  /** The path in the document, unique in the tree. */
  readonly id: string
  /** A keyword, or the name of a level or an item. */
  readonly label: string
  /** `(0010,0020)` for an attribute, otherwise empty. */
  readonly tag: string
  readonly vr: string
  readonly value: string
  readonly children: (() => readonly TreeNode[]) | undefined
}

/** Longer values are truncated on screen. The search uses the whole value. */
export const VALUE_SHOWN_CHARACTERS = 400

export function treeOf(document: MetadataDocument): readonly TreeNode[] {
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

/** The IDs of the nodes that are expanded at first. */
export const INITIALLY_EXPANDED: readonly string[] = ['Patient', 'Study']

function instanceNode(instance: SortedInstance): TreeNode {
  const path = `Instances/${instance.sopInstanceUID}`
  const label = instance.number === '' ? 'Instance' : `Instance ${instance.number}`
  return group(path, { label, value: instance.sopInstanceUID }, () =>
    attributeNodes(instance.DICOM, { path, vrs: instance.DICOMVRs ?? {} }),
  )
}

const group = (
  id: string,
  { label, value }: { label: string; value: string },
  children: () => readonly TreeNode[],
): TreeNode => ({
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
): readonly TreeNode[] {
  return Object.entries(attributes).map(([key, value]) => attributeNode(key, value, within))
}

function attributeNode(
  key: string,
  value: unknown,
  { path, vrs = {} }: { readonly path: string; readonly vrs?: Vrs },
): TreeNode {
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

/** Bulk data is an object, too, but not in a list. */
const isSequence = (value: unknown): value is readonly Attributes[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'object' && item !== null)

function text(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(text).join(' \\ ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

export interface FoundNode extends TreeNode {
  /** The labels of its ancestors, from the outermost. */
  readonly location: string
}

/** @returns the first `max` attributes with all words of the text in tag, keyword, VR or value, and whether there are more */
export function search(
  roots: readonly TreeNode[],
  searchText: string,
  max: number,
): { readonly found: readonly FoundNode[]; readonly hasMore: boolean } {
  const words = searchText.toLowerCase().split(/\s+/).filter(Boolean)
  const found: FoundNode[] = []
  let hasMore = false
  const visit = (nodes: readonly TreeNode[], ancestors: readonly string[]) => {
    for (const node of nodes) {
      if (hasMore) return
      if (node.tag !== '' && words.every((word) => matches(node, word))) {
        if (found.length === max) hasMore = true
        else found.push({ ...node, location: ancestors.join(' › ') })
      }
      if (node.children !== undefined) visit(node.children(), [...ancestors, node.label])
    }
  }
  if (words.length > 0) visit(roots, [])
  return { found, hasMore }
}

/** Tags match in each notation: (0010,0020), 0010,0020 and 00100020. */
function matches({ label, tag, vr, value }: TreeNode, word: string): boolean {
  const digits = word.replaceAll(/[(),]/g, '')
  const isTag = /^[0-9a-f]{4,8}$/.test(digits) && tag.replaceAll(/[(),]/g, '').toLowerCase().startsWith(digits)
  return isTag || label.toLowerCase().includes(word) || vr.toLowerCase() === word || value.toLowerCase().includes(word)
}
