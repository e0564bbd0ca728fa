/** What differs between the metadata of two versions, attribute by attribute; whole instances that came or went are one line. */
import type { Attributes, MetadataDocument } from './document.ts'

export interface Difference {
  /** Patient, Study, Series, or the UID of an instance. */
  readonly where: string
  /** Empty for an instance as a whole. */
  readonly keyword: string
  readonly before: string | undefined
  readonly after: string | undefined
}

export function differencesOf(before: MetadataDocument, after: MetadataDocument): readonly Difference[] {
  return [
    ...ofAttributes('Patient', before.Patient.DICOM, after.Patient.DICOM),
    ...ofAttributes('Study', before.Study.DICOM, after.Study.DICOM),
    ...ofSeries(before, after),
  ]
}

function* ofSeries(before: MetadataDocument, after: MetadataDocument): Generator<Difference> {
  const [old, young] = [before, after].map(({ Study }) => Object.values(Study.Series))
  // An image set holds one series, whose UID an update may change.
  yield* ofAttributes('Series', old![0]?.DICOM ?? {}, young![0]?.DICOM ?? {})
  const was = Object.assign({}, ...old!.map(({ Instances }) => Instances)) as (typeof old & object)[number]['Instances']
  const is = Object.assign({}, ...young!.map(({ Instances }) => Instances)) as typeof was
  for (const [uid, instance] of Object.entries(was)) {
    const now = is[uid]
    if (now === undefined) yield { where: uid, keyword: '', before: 'Instance', after: undefined }
    else yield* ofAttributes(uid, instance.DICOM, now.DICOM)
  }
  for (const uid of Object.keys(is)) {
    if (was[uid] === undefined) yield { where: uid, keyword: '', before: undefined, after: 'Instance' }
  }
}

function* ofAttributes(where: string, before: Attributes, after: Attributes): Generator<Difference> {
  for (const keyword of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, young] = [before, after].map((one) => (keyword in one ? valueText(one[keyword]) : undefined))
    if (old !== young) yield { where, keyword, before: old, after: young }
  }
}

function valueText(value: unknown): string {
  if (value === null) return ''
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object' || one === null)) return value.join(' \\ ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
