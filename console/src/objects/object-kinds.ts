/** What instances without images are called, by SOP class (PS3.6 A), and what the console does with them. */
import type { Attributes, MetadataDocument } from '../metadata/document.ts'
import { textOf } from '../viewer/stack/values.ts'

const STORAGE = '1.2.840.10008.5.1.4.1.1.'

interface ObjectClass {
  /** By the end of the UID, after STORAGE. The first that fits. */
  readonly pattern: RegExp
  readonly name: string
}

const CLASSES: readonly ObjectClass[] = [
  { pattern: /^104\.1$/, name: 'PDF document' },
  { pattern: /^104\.2$/, name: 'CDA document' },
  { pattern: /^104\.3$/, name: 'STL model' },
  { pattern: /^104\.4$/, name: 'OBJ model' },
  { pattern: /^104\.5$/, name: 'MTL material' },
  { pattern: /^104\./, name: 'Encapsulated document' },
  { pattern: /^66\.4$/, name: 'Segmentation' },
  { pattern: /^66\.7$/, name: 'Label map segmentation' },
  { pattern: /^66\.5$/, name: 'Surface segmentation' },
  { pattern: /^66\.6$/, name: 'Tractography result' },
  { pattern: /^66\.[13]$/, name: 'Spatial registration' },
  { pattern: /^66\.2$/, name: 'Spatial fiducials' },
  { pattern: /^66$/, name: 'Raw data' },
  { pattern: /^67$/, name: 'Real world value mapping' },
  { pattern: /^30$/, name: 'Parametric map' },
  { pattern: /^11\./, name: 'Presentation state' },
  { pattern: /^88\.59$/, name: 'Key object selection' },
  { pattern: /^88\./, name: 'Structured report' },
  { pattern: /^481\.2$/, name: 'RT Dose' },
  { pattern: /^481\.3$/, name: 'RT Structure Set' },
  { pattern: /^481\.[58]$/, name: 'RT Plan' },
  { pattern: /^481\.[4679]$/, name: 'RT Treatment Record' },
  { pattern: /^481\.1[0-9]$/, name: 'RT object' },
  { pattern: /^9\.1\./, name: 'ECG' },
  { pattern: /^9\.4\./, name: 'Audio recording' },
  { pattern: /^9\./, name: 'Waveform' },
  { pattern: /^4\.2$/, name: 'MR spectroscopy' },
]

/** After `1.2.840.10008.5.1.4.1.1.`. Empty for other classes, such as private ones. */
export function storageClassOf({ SOPClassUID }: Attributes): string {
  const uid = textOf(SOPClassUID)
  return uid.startsWith(STORAGE) ? uid.slice(STORAGE.length) : ''
}

/** Undefined for classes of images, and for classes that this table doesn't have. */
export function objectNameOf(instance: Attributes): string | undefined {
  const end = storageClassOf(instance)
  return CLASSES.find(({ pattern }) => pattern.test(end))?.name
}

export const isEncapsulated = (instance: Attributes): boolean => /^104\./.test(storageClassOf(instance))
export const isKeyObjectSelection = (instance: Attributes): boolean => storageClassOf(instance) === '88.59'
export const isPresentationState = (instance: Attributes): boolean => /^11\./.test(storageClassOf(instance))

export const isSegmentation = (instance: Attributes): boolean => /^66\.[47]$/.test(storageClassOf(instance))

/** What is missing when frames of such a class are shown as gray images. Undefined for ordinary images. */
export function noteOf(instance: Attributes): string | undefined {
  switch (objectNameOf(instance)) {
    case 'RT Dose':
      return 'RT Dose as gray images of its stored values: not as isodoses, and not on the planning CT.'
    case 'Parametric map':
      return 'Parametric map as gray images of its stored values: not in color, and not on other images.'
    case 'Segmentation':
    case 'Label map segmentation':
      return 'The masks of a segmentation. To see its segments on their images, open those and choose them under Segmentations.'
    default:
      return undefined
  }
}

/** The attributes of all instances, in the order of the document. */
export const instancesIn = ({ Study }: MetadataDocument): readonly Attributes[] =>
  Object.values(Study.Series).flatMap((series) =>
    Object.values(series.Instances).map((instance) => ({ ...Study.DICOM, ...series.DICOM, ...instance.DICOM })),
  )
