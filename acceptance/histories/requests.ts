/** Converts steps of a history to requests: files, JSON of updates and copies, and the equivalent input of the model. */
import { UpdateImageSetMetadataCommand, type UpdateImageSetMetadataCommandInput } from '@aws-sdk/client-medical-imaging'
import { type Attributes as AttributesToEncode, instance as encodedInstance } from '../support/fixtures.ts'
import { type Content, flat, type ImportedFile, latestOf, type ModelImageSet, meaning } from './model.ts'
import type { InstanceChange, Update } from './model-updates.ts'
import {
  ATTRIBUTES,
  type AttributeChoice,
  type FileChoice,
  NAMES,
  NOT_THERE,
  pick,
  type Step,
  VARIANTS,
} from './steps.ts'

const PIXELS = {
  Rows: 4,
  Columns: 6,
  BitsAllocated: 8,
  BitsStored: 8,
  HighBit: 7,
  PixelRepresentation: 0,
  SamplesPerPixel: 1,
}

/** One file and the metadata that a document will have of it. @param name unique */
export function fileOf(
  choice: FileChoice,
  name: string,
): { readonly bytes: Uint8Array; readonly imported: ImportedFile } {
  const StudyInstanceUID = `2.25.${choice.study + 1}`
  const SeriesInstanceUID = `${StudyInstanceUID}.${choice.series + 1}`
  const SOPInstanceUID = `${SeriesInstanceUID}.${choice.sop}`
  const variant = pick(VARIANTS, choice.variant)
  const varied = (keyword: string, else_: string) => (keyword in variant ? variant[keyword] : else_)
  const Patient = { PatientID: varied('PatientID', 'P1'), PatientName: pick(NAMES, choice.name) }
  const Study = {
    StudyInstanceUID,
    StudyDate: varied('StudyDate', '20240101'),
    StudyTime: `12000${choice.name}`,
    AccessionNumber: varied('AccessionNumber', 'A1'),
    StudyID: varied('StudyID', 'S1'),
  }
  const Series = { SeriesInstanceUID, SeriesNumber: varied('SeriesNumber', '1'), Modality: 'OT' }
  const SOPClassUID = '1.2.840.10008.5.1.4.1.1.7'
  const pixels = choice.pixels ? { ...PIXELS, PhotometricInterpretation: 'MONOCHROME2' } : {}
  const DICOM = { SOPClassUID, SOPInstanceUID, ImageComments: name, InstanceNumber: '10', ...pixels }
  const encoded = { ...Patient, ...Study, ...Series, ...DICOM } as AttributesToEncode
  const bytes = encodedInstance(encoded, choice.pixels ? { pixelData: { frames: [pixelsOf(name)] } } : {})
  const levels = { Patient: documented(Patient), Study: documented(Study), Series: documented(Series) }
  const instance = { DICOM, DICOMVRs: {}, levels: flat(levels), file: name }
  return { bytes, imported: { ...levels, sopInstanceUID: SOPInstanceUID, instance } }
}

const pixelsOf = (name: string): Uint8Array =>
  Uint8Array.from(
    { length: PIXELS.Rows * PIXELS.Columns },
    (_, at) => (name.charCodeAt(at % name.length) * (at + 1)) % 256,
  )

/** Integer strings keep their padding in documents. */
const PADDED = new Set(['SeriesNumber', 'InstanceNumber'])

const documented = (attributes: Readonly<Record<string, string | null | undefined>>): Record<string, string | null> =>
  Object.fromEntries(
    Object.entries(attributes)
      .filter((entry): entry is [string, string | null] => entry[1] !== undefined)
      .map(([keyword, value]) => [
        keyword,
        meaning(value) === null ? null : PADDED.has(keyword) && value!.length % 2 === 1 ? `${value} ` : value,
      ]),
  )

// ---- Updates -----------------------------------------------------------------------------------------------------

type UpdateStep = Pick<Step & { readonly kind: 'update' }, 'changes' | 'removed' | 'isOfAnotherSeries'>
type Changing = { put: Record<string, unknown>; remove: Record<string, unknown> }

const changing = (): Changing => ({ put: {}, remove: {} })

export function updateOf(step: UpdateStep, content: Content): Update {
  const levels = { Patient: changing(), Study: changing(), Series: changing() }
  const instances: Record<string, InstanceChange & Changing & { vrs: Record<string, string> }> = {}
  const uidAt = (at: number) => (at === NOT_THERE ? '2.25.404' : pick([...content.instances.keys()], at))
  for (const change of step.changes) {
    const { level, key, vr } = pick(ATTRIBUTES, change.attribute)
    if (level !== 'instance') {
      addChange(levels[level], change, content[level][key])
      continue
    }
    const uid = uidAt(change.instance)
    instances[uid] ??= { ...changing(), vrs: {} }
    const { put, vrs } = addChange(
      instances[uid],
      change,
      content.instances.get(uid)?.DICOM[key],
    ) as (typeof instances)[string]
    if (vr !== undefined && key in put) vrs[key] = vr
  }
  const removed = step.removed.map(uidAt).filter((uid) => !(uid in instances))
  return {
    ...levels,
    instances: { ...instances, ...Object.fromEntries(removed.map((uid) => [uid, { whole: true }])) },
    seriesInstanceUID: step.isOfAnotherSeries ? '2.25.404' : (content.Series.SeriesInstanceUID as string),
  }
}

/** An attribute both put and removed is only put. */
function addChange(changing: Changing, { attribute, value, action }: AttributeChoice, held: unknown): Changing {
  const { key, values, isRequired } = pick(ATTRIBUTES, attribute)
  if (action === 'put' || isRequired) {
    delete changing.remove[key]
    changing.put[key] = pick(values, value)
  } else if (!(key in changing.put)) {
    changing.remove[key] = action === 'remove' ? (held ?? 'none was there') : 'another value'
  }
  return changing
}

/** The two documents of DICOMUpdates. */
export function blobsOf(update: Update): { removableAttributes?: Uint8Array; updatableAttributes?: Uint8Array } {
  const removable = treeOf(update, ({ remove, whole }) => (whole ? {} : withDICOM(remove)))
  const updatable = treeOf(update, ({ put, vrs, whole }) => (whole ? undefined : withDICOM(put, vrs)))
  return {
    ...(removable === undefined ? {} : { removableAttributes: jsonBytes(removable) }),
    ...(updatable === undefined ? {} : { updatableAttributes: jsonBytes(updatable) }),
  }
}

const jsonBytes = (tree: object): Uint8Array => Buffer.from(JSON.stringify({ SchemaVersion: 1.1, ...tree }))
const isThere = (object: object | undefined): object is object => object !== undefined && Object.keys(object).length > 0

const withDICOM = (attributes: object | undefined, vrs?: object): object | undefined =>
  isThere(attributes) ? { DICOM: attributes, ...(isThere(vrs) ? { DICOMVRs: vrs } : {}) } : undefined

function treeOf(update: Update, part: (change: InstanceChange) => object | undefined): object | undefined {
  const instances = Object.fromEntries(
    Object.entries(update.instances)
      .map(([uid, change]) => [uid, part(change)] as const)
      .filter(([, of]) => of !== undefined),
  )
  const series = { ...part(update.Series), ...(isThere(instances) ? { Instances: instances } : {}) }
  const study = {
    ...part(update.Study),
    ...(isThere(series) ? { Series: { [update.seriesInstanceUID]: series } } : {}),
  }
  const patient = part(update.Patient)
  const tree = { ...(patient ? { Patient: patient } : {}), ...(isThere(study) ? { Study: study } : {}) }
  return isThere(tree) ? tree : undefined
}

/** The SDK's model does not have includeStudyImageSets yet. */
export function updateCommand(
  input: UpdateImageSetMetadataCommandInput,
  { includeStudyImageSets }: { readonly includeStudyImageSets: boolean },
): UpdateImageSetMetadataCommand {
  const command = new UpdateImageSetMetadataCommand(input)
  if (includeStudyImageSets) {
    command.middlewareStack.add(
      (next) => (args) => {
        const { query } = args.request as { query: Record<string, string> }
        query.includeStudyImageSets = 'true'
        return next(args)
      },
      { step: 'build' },
    )
  }
  return command
}

// ---- Copies ------------------------------------------------------------------------------------------------------

/** The instances that a copy names: some may not exist. */
export function instancesOf(source: ModelImageSet, choices: readonly number[]): readonly string[] {
  const uids = [...latestOf(source).content.instances.keys()]
  return [...new Set(choices.map((at) => (at === NOT_THERE ? '2.25.404' : pick(uids, at))))]
}

export const copiableAttributes = (source: ModelImageSet, sopInstanceUIDs: readonly string[]): string =>
  JSON.stringify({
    SchemaVersion: '1.1',
    Study: {
      Series: {
        [latestOf(source).content.Series.SeriesInstanceUID as string]: {
          Instances: Object.fromEntries(sopInstanceUIDs.map((uid) => [uid, {}])),
        },
      },
    },
  })
