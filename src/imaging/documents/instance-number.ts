/** InstanceNumber, by which DICOMweb orders the instances of a series: read from the metadata of an instance, of a file or of an update. */
import { membersOfText } from './json-members.ts'

const INTEGER = /^\s*[+-]?\d{1,12}\s*$/

/** @param json the value in a metadata document: JSON text. @returns null where it is not one integer */
export function instanceNumberOf(json: string | undefined): number | null {
  const value: unknown = json === undefined ? null : JSON.parse(json)
  return (typeof value === 'string' || typeof value === 'number') && INTEGER.test(String(value)) ? Number(value) : null
}

/** @param instanceMetadata the entry of the instance in a metadata document: its UID and its object */
export function instanceNumberIn(instanceMetadata: string): number | null {
  const [[, instance]] = membersOfText(`{${instanceMetadata}}`) as unknown as [[string, string]]
  const attributes = membersOfText(membersOfText(instance).get('DICOM') ?? '{}')
  return instanceNumberOf(attributes.get('InstanceNumber'))
}
