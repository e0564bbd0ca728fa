/** Compares the metadata of two versions by attribute. An added or removed instance is one difference. */
import type { Attributes, MetadataDocument } from './document.ts'

export interface Difference {
  /** `Patient`, `Study`, `Series` or a SOP Instance UID. */
  readonly location: string
  /** Empty for a whole instance. */
  readonly keyword: string
  readonly before: string | undefined
  readonly after: string | undefined
}

export function compareVersions(before: MetadataDocument, after: MetadataDocument): readonly Difference[] {
  return [
    ...ofAttributes('Patient', before.Patient.DICOM, after.Patient.DICOM),
    ...ofAttributes('Study', before.Study.DICOM, after.Study.DICOM),
    ...ofSeries(before, after),
  ]
}

function* ofSeries(before: MetadataDocument, after: MetadataDocument): Generator<Difference> {
  const [older, newer] = [before, after].map(({ Study }) => Object.values(Study.Series))
  // An image set has one series. An update may change its UID.
  yield* ofAttributes('Series', older![0]?.DICOM ?? {}, newer![0]?.DICOM ?? {})
  const earlier = Object.assign({}, ...older!.map(({ Instances }) => Instances)) as (typeof older &
    object)[number]['Instances']
  const later = Object.assign({}, ...newer!.map(({ Instances }) => Instances)) as typeof earlier
  for (const [uid, instance] of Object.entries(earlier)) {
    const changed = later[uid]
    if (changed === undefined) yield { location: uid, keyword: '', before: 'Instance', after: undefined }
    else yield* ofAttributes(uid, instance.DICOM, changed.DICOM)
  }
  for (const uid of Object.keys(later)) {
    if (earlier[uid] === undefined) yield { location: uid, keyword: '', before: undefined, after: 'Instance' }
  }
}

function* ofAttributes(location: string, before: Attributes, after: Attributes): Generator<Difference> {
  for (const keyword of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [older, newer] = [before, after].map((one) => (keyword in one ? valueText(one[keyword]) : undefined))
    if (older !== newer) yield { location, keyword, before: older, after: newer }
  }
}

function valueText(value: unknown): string {
  if (value === null) return ''
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object' || one === null)) return value.join(' \\ ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
