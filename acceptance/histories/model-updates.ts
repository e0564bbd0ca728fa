/** The effect of UpdateImageSetMetadata on the content of an image set, or its refusal by the rules (AWS "DICOM metadata constraints"). */
import { type Attributes, type Content, type ModelInstance, mapInstances, meaning } from './model.ts'

export interface InstanceChange {
  readonly put?: Attributes
  readonly vrs?: Readonly<Record<string, string>>
  readonly remove?: Attributes
  /** `{}` under its SOPInstanceUID in removableAttributes. */
  readonly whole?: boolean
}

export interface Update {
  readonly Patient: { readonly put: Attributes; readonly remove: Attributes }
  readonly Study: { readonly put: Attributes; readonly remove: Attributes }
  readonly Series: { readonly put: Attributes; readonly remove: Attributes }
  readonly instances: Readonly<Record<string, InstanceChange>>
  /** The key of the series and of the instances in the request. */
  readonly seriesInstanceUID: string
}

const UIDS = ['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID']
/** Attributes that histories use. */
const NEED_FORCE = [...UIDS, 'StudyID', 'ImageType', '00191001']

export interface Circumstances {
  readonly isPrimary: boolean
  readonly force: boolean
}

/** @returns undefined where the update is refused */
export function updated(content: Content, update: Update, { isPrimary, force }: Circumstances): Content | undefined {
  const { Patient, Study, Series, instances } = update
  const changes = Object.values(instances)
  const keys = [Patient, Study, Series, ...changes].flatMap(({ put, remove }) => [
    ...Object.keys(put ?? {}),
    ...Object.keys(remove ?? {}),
  ])
  if (isPrimary && keys.some((key) => UIDS.includes(key))) return undefined
  if (!force && (keys.some((key) => NEED_FORCE.includes(key)) || changes.some(({ whole }) => whole))) return undefined
  const namesSeries = changes.length > 0 || size(Series.put) + size(Series.remove) > 0
  if (namesSeries && update.seriesInstanceUID !== content.Series.SeriesInstanceUID) return undefined
  const levels = {
    Patient: changed(content.Patient, Patient),
    Study: changed(content.Study, Study),
    Series: changed(content.Series, Series),
  }
  const kept = updatedInstances(content, instances)
  if (!levels.Patient || !levels.Study || !levels.Series || !kept) return undefined
  // Patient, study and series attributes apply to every instance.
  const all = mapInstances(kept, (own) => {
    for (const { put, remove } of [Patient, Study, Series]) {
      for (const key of Object.keys(remove)) delete own[key]
      Object.assign(own, put)
    }
  })
  return { Patient: levels.Patient, Study: levels.Study, Series: levels.Series, instances: all }
}

/** The part that the other primary image sets of the study get under includeStudyImageSets. */
export const forSiblings = (update: Update): Update => ({
  ...update,
  Series: { put: {}, remove: {} },
  instances: {},
})

export const isEmpty = ({ Patient, Study, Series, instances }: Update): boolean =>
  size(instances) + [Patient, Study, Series].reduce((sum, { put, remove }) => sum + size(put) + size(remove), 0) === 0

const size = (object: object): number => Object.keys(object).length

function updatedInstances(
  { instances }: Content,
  changes: Update['instances'],
): ReadonlyMap<string, ModelInstance> | undefined {
  const kept = new Map(instances)
  const given = new Set<string>()
  for (const [uid, { put = {}, remove = {}, vrs = {}, whole }] of Object.entries(changes)) {
    const instance = instances.get(uid)
    if (instance === undefined) return undefined
    if (whole) {
      kept.delete(uid)
      continue
    }
    const DICOM = changed(instance.DICOM, { put, remove })
    if (DICOM === undefined) return undefined
    const DICOMVRs = Object.fromEntries(
      Object.entries({ ...instance.DICOMVRs, ...vrs }).filter(([tag]) => tag in DICOM),
    )
    const newUid = put.SOPInstanceUID as string | undefined
    if (newUid === undefined || newUid === uid) {
      kept.set(uid, { ...instance, DICOM, DICOMVRs })
      continue
    }
    // SOPInstanceUIDs of an image set are distinct, and one that another instance has just had cannot be reused.
    if (instances.has(newUid) || given.has(newUid)) return undefined
    given.add(newUid)
    kept.delete(uid)
    kept.set(newUid, { ...instance, DICOM, DICOMVRs })
  }
  return kept.size === 0 ? undefined : kept
}

/** To remove an attribute, key and value must match. */
function changed(
  attributes: Attributes,
  { put, remove }: { readonly put: Attributes; readonly remove: Attributes },
): Attributes | undefined {
  const left: Record<string, unknown> = { ...attributes }
  for (const [key, value] of Object.entries(remove)) {
    if (!(key in left) || meaning(left[key]) !== meaning(value)) return undefined
    delete left[key]
  }
  return { ...left, ...put }
}
