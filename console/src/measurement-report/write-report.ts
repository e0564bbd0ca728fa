/** Writes measurements as a Comprehensive SR (PS3.3 A.35.3) with the template Measurement Report (PS3.16 TID 1500). */
import { concatenate, encodeAttributes } from '../../../src/dicom/encode-elements.ts'
import type { Attributes, AttributeValue } from '../../../src/dicom/encode-values.ts'
import { EXPLICIT_LITTLE_ENDIAN, encodeMeta, ImplementationClassUID, preamble } from '../../../src/dicom/file-start.ts'
import type { Point } from '../viewer/geometry/orientation.ts'
import { calibrationOf } from '../viewer/measure/calibration.ts'
import { angleOf, lengthOf, type Shape, type ShapeOnImage, surfaceOf, unitOf } from '../viewer/measure/shapes.ts'
import type { StackImage } from '../viewer/stack/stack.ts'
import { textOf } from '../viewer/stack/values.ts'
import { CODES, type Code, codeItem, TRACKING_PREFIX, UNITS } from './codes.ts'

const COMPREHENSIVE_SR = '1.2.840.10008.5.1.4.1.1.88.33'
const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'

interface Moment {
  /** DA and TM. */
  readonly date: string
  readonly time: string
}

interface ReportOptions {
  readonly now: Moment
  /** A new one each time. */
  readonly newUid: () => string
}

/** All images are of one study. The file is part of it, in a series of its own. */
export function reportFile(measurements: readonly ShapeOnImage[], options: ReportOptions): Uint8Array {
  const attributes = reportOf(measurements, options)
  const file = { transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN, attributes }
  return concatenate([preamble(), encodeMeta(file, {}), encodeAttributes(attributes, EXPLICIT_LITTLE_ENDIAN)])
}

/** Of the patient and the study, as the image has them. */
const INHERITED = [
  ...['PatientName', 'PatientID', 'PatientBirthDate', 'PatientSex', 'IssuerOfPatientID'],
  ...['StudyInstanceUID', 'StudyDate', 'StudyTime', 'StudyID', 'AccessionNumber', 'StudyDescription'],
  'ReferringPhysicianName',
]

export function reportOf(measurements: readonly ShapeOnImage[], { now, newUid }: ReportOptions): Attributes {
  const { instance } = measurements[0]!.image
  // Type 2: present, maybe empty.
  const inherited = INHERITED.map((keyword) => [keyword, textOf(instance[keyword]) || null] as const)
  return {
    SpecificCharacterSet: 'ISO_IR 192',
    ...Object.fromEntries(inherited),
    ...{ SOPClassUID: COMPREHENSIVE_SR, SOPInstanceUID: newUid(), SeriesInstanceUID: newUid() },
    ...{ Modality: 'SR', SeriesNumber: '9000', InstanceNumber: '1', SeriesDescription: 'Measurements' },
    ...{ Manufacturer: 'Hilum', ContentDate: now.date, ContentTime: now.time },
    ...{ SeriesDate: now.date, SeriesTime: now.time },
    ...{ CompletionFlag: 'PARTIAL', VerificationFlag: 'UNVERIFIED' },
    ...{ ReferencedPerformedProcedureStepSequence: null, PerformedProcedureCodeSequence: null },
    CurrentRequestedProcedureEvidenceSequence: [evidenceOf(measurements.map(({ image }) => image))],
    ...{ ValueType: 'CONTAINER', ContinuityOfContent: 'SEPARATE', ConceptNameCodeSequence: [codeItem(CODES.report)] },
    ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: '1500' }],
    ContentSequence: [
      code('HAS CONCEPT MOD', CODES.language, CODES.english),
      code('HAS OBS CONTEXT', CODES.observerType, CODES.device),
      uid('HAS OBS CONTEXT', CODES.deviceUID, ImplementationClassUID),
      text('HAS OBS CONTEXT', CODES.deviceName, 'Hilum console'),
      code('HAS CONCEPT MOD', CODES.procedureReported, CODES.imagingProcedure),
      container(
        CODES.measurements,
        measurements.map((each) => container(CODES.group, groupOf(each, newUid()))),
      ),
    ],
  }
}

function evidenceOf(images: readonly StackImage[]): Attributes {
  const bySeries = Map.groupBy(images, ({ instance }) => textOf(instance.SeriesInstanceUID))
  return {
    StudyInstanceUID: textOf(images[0]!.instance.StudyInstanceUID),
    ReferencedSeriesSequence: [...bySeries].map(([SeriesInstanceUID, of]) => ({
      SeriesInstanceUID,
      ReferencedSOPSequence: [...new Set(of.map(({ instance }) => instance))].map(referenceTo),
    })),
  }
}

const referenceTo = (instance: StackImage['instance']): Attributes => ({
  ReferencedSOPClassUID: textOf(instance.SOPClassUID),
  ReferencedSOPInstanceUID: textOf(instance.SOPInstanceUID),
})

function groupOf({ shape, image }: ShapeOnImage, trackingUID: string): readonly Attributes[] {
  const region = regionOf(shape, image)
  const { place } = calibrationOf(image, shape.points)
  const comment = shape.text || place
  return [
    text('HAS OBS CONTEXT', CODES.trackingIdentifier, `${TRACKING_PREFIX}${shape.kind}`),
    uid('HAS OBS CONTEXT', CODES.trackingUID, trackingUID),
    ...(comment === '' ? [] : [text('CONTAINS', CODES.comment, comment)]),
    { RelationshipType: 'CONTAINS', ConceptNameCodeSequence: [codeItem(CODES.imageRegion)], ...region },
    ...quantitiesOf(shape, image).map(({ concept, value, unit }) => ({
      RelationshipType: 'CONTAINS',
      ValueType: 'NUM',
      ConceptNameCodeSequence: [codeItem(concept)],
      MeasuredValueSequence: [{ MeasurementUnitsCodeSequence: [codeItem(unit)], NumericValue: decimal(value) }],
    })),
  ]
}

/** DS has at most 16 characters. */
const decimal = (value: number): string => String(Number(value.toPrecision(9)))

interface Quantity {
  readonly concept: Code
  readonly value: number
  readonly unit: Code
}

function quantitiesOf(shape: Shape, image: StackImage): readonly Quantity[] {
  const calibration = calibrationOf(image, shape.points)
  const [a, b, c] = shape.points
  switch (shape.kind) {
    case 'length':
      return [{ concept: CODES.length, value: lengthOf(a!, b!, calibration), unit: UNITS[calibration.unit] }]
    case 'angle':
      return [{ concept: CODES.angle, value: angleOf([a!, b!, c!], calibration), unit: UNITS.deg }]
    case 'arrow':
      return []
    case 'probe':
      return valuesOf(shape, image).slice(0, 1)
    default: {
      const area = { concept: CODES.area, value: surfaceOf(shape, calibration), unit: UNITS[`${calibration.unit}²`] }
      return [area, ...valuesOf(shape, image)]
    }
  }
}

/** The mean and the standard deviation, in the unit of the modality. */
function valuesOf({ statistics }: Shape, image: StackImage): readonly Quantity[] {
  if (statistics === undefined) return []
  const name = unitOf(image).trim()
  const unit = name === 'HU' || name === 'Bq/ml' ? UNITS[name] : UNITS.none
  return [
    { concept: CODES.mean, value: statistics.mean, unit },
    { concept: CODES.deviation, value: statistics.deviation, unit },
  ]
}

/** SCOORD (PS3.3 C.18.6), whose origin is the top left corner of the first pixel. */
function regionOf(shape: Shape, image: StackImage): Attributes {
  const { type, points } = graphicOf(shape)
  const frame = image.frameCount > 1 ? { ReferencedFrameNumber: String(image.frameNumber) } : {}
  return {
    ValueType: 'SCOORD',
    GraphicType: type,
    GraphicData: points.flatMap(({ x, y }) => [x, y]),
    ContentSequence: [
      {
        RelationshipType: 'SELECTED FROM',
        ValueType: 'IMAGE',
        ReferencedSOPSequence: [{ ...referenceTo(image.instance), ...frame }],
      },
    ],
  }
}

function graphicOf({ kind, points }: Shape): { readonly type: string; readonly points: readonly Point[] } {
  const [a, b] = points
  switch (kind) {
    case 'probe':
      return { type: 'POINT', points }
    case 'rectangle':
      return { type: 'POLYLINE', points: [a!, { x: b!.x, y: a!.y }, b!, { x: a!.x, y: b!.y }, a!] }
    case 'ellipse': {
      const center = { x: (a!.x + b!.x) / 2, y: (a!.y + b!.y) / 2 }
      const across = [Math.min(a!.x, b!.x), Math.max(a!.x, b!.x)].map((x) => ({ x, y: center.y }))
      const down = [Math.min(a!.y, b!.y), Math.max(a!.y, b!.y)].map((y) => ({ x: center.x, y }))
      // The major axis comes first.
      const isWide = Math.abs(a!.x - b!.x) >= Math.abs(a!.y - b!.y)
      return { type: 'ELLIPSE', points: isWide ? [...across, ...down] : [...down, ...across] }
    }
    default:
      return { type: 'POLYLINE', points }
  }
}

type Relationship = 'CONTAINS' | 'HAS OBS CONTEXT' | 'HAS CONCEPT MOD'

const item = (
  relationship: Relationship,
  concept: Code,
  value: Readonly<Record<string, AttributeValue>>,
): Attributes => ({ RelationshipType: relationship, ConceptNameCodeSequence: [codeItem(concept)], ...value })

const code = (relationship: Relationship, concept: Code, value: Code): Attributes =>
  item(relationship, concept, { ValueType: 'CODE', ConceptCodeSequence: [codeItem(value)] })
const text = (relationship: Relationship, concept: Code, value: string): Attributes =>
  item(relationship, concept, { ValueType: 'TEXT', TextValue: value })
const uid = (relationship: Relationship, concept: Code, value: string): Attributes =>
  item(relationship, concept, { ValueType: 'UIDREF', UID: value })
const container = (concept: Code, content: readonly Attributes[]): Attributes =>
  item('CONTAINS', concept, { ValueType: 'CONTAINER', ContinuityOfContent: 'SEPARATE', ContentSequence: content })
