/** The coded concepts of a measurement report (PS3.16 TID 1500 and the templates that it includes). */
import type { Attributes } from '../../../src/dicom/encode-values.ts'

export interface Code {
  readonly value: string
  readonly scheme: 'DCM' | 'SCT' | 'UCUM' | 'RFC5646'
  readonly meaning: string
}

const dcm = (value: string, meaning: string): Code => ({ value, scheme: 'DCM', meaning })
const sct = (value: string, meaning: string): Code => ({ value, scheme: 'SCT', meaning })
const ucum = (value: string, meaning: string): Code => ({ value, scheme: 'UCUM', meaning })

export const CODES = {
  report: dcm('126000', 'Imaging Measurement Report'),
  language: dcm('121049', 'Language of Content Item and Descendants'),
  english: { value: 'en', scheme: 'RFC5646', meaning: 'English' } satisfies Code as Code,
  observerType: dcm('121005', 'Observer Type'),
  device: dcm('121007', 'Device'),
  deviceUID: dcm('121012', 'Device Observer UID'),
  deviceName: dcm('121013', 'Device Observer Name'),
  procedureReported: dcm('121058', 'Procedure reported'),
  imagingProcedure: sct('363679005', 'Imaging procedure'),
  measurements: dcm('126010', 'Imaging Measurements'),
  group: dcm('125007', 'Measurement Group'),
  trackingIdentifier: dcm('112039', 'Tracking Identifier'),
  trackingUID: dcm('112040', 'Tracking Unique Identifier'),
  imageRegion: dcm('111030', 'Image Region'),
  comment: dcm('121106', 'Comment'),
  length: sct('410668003', 'Length'),
  angle: sct('1483009', 'Angle'),
  area: sct('42798000', 'Area'),
  mean: sct('373098007', 'Mean'),
  deviation: sct('386136009', 'Standard Deviation'),
} as const

export const UNITS = {
  mm: ucum('mm', 'millimeter'),
  'mm²': ucum('mm2', 'square millimeter'),
  px: ucum('{pixels}', 'pixels'),
  'px²': ucum('{square pixels}', 'square pixels'),
  deg: ucum('deg', 'degree'),
  HU: ucum("[hnsf'U]", 'Hounsfield unit'),
  'Bq/ml': ucum('Bq/ml', 'becquerels per milliliter'),
  none: ucum('1', 'no units'),
} as const

export const codeItem = ({ value, scheme, meaning }: Code): Attributes => ({
  CodeValue: value,
  CodingSchemeDesignator: scheme,
  CodeMeaning: meaning,
})

/** What the tracking identifier of each shape begins with. */
export const TRACKING_PREFIX = 'Hilum '
