/**
 * Parses which instances CopyImageSet copies, and decides whether two image sets can be merged: they must agree in patient, study and
 * series (AWS "Copying an image set").
 */
import { ContractError } from '../../contract/errors.ts'
import { sameValue } from '../documents/attribute-values.ts'
import { type ImageSetAttributes, readImageSetAttributes } from '../documents/image-set-attributes.ts'
import {
  isBase64OfJson,
  isObject,
  type Json,
  type JsonLimits,
  type JsonObject,
  readJson,
  readStoredJson,
} from '../documents/strict-json.ts'

export interface CopiableAttributes {
  readonly seriesInstanceUID: string
  /** Distinct, and at least one. */
  readonly sopInstanceUIDs: ReadonlySet<string>
}

/** AWS's own message for a failed copy, including its two spaces. */
export const ATTRIBUTES_DO_NOT_MATCH = `INVALID_REQUEST:  Series of SourceImageSet and DestinationImageSet don't match.`

const COPIABLE_JSON: JsonLimits = { depthMax: 8, valuesMax: 100_000 }

/** @param text JSON, not base64. @throws ContractError ValidationException */
export function parseCopiableAttributes(text: string): CopiableAttributes {
  if (isBase64OfJson(text)) throw invalid('it is base64, but must be the JSON itself')
  const document = membersOf(readJson(text, 'copiableAttributes', COPIABLE_JSON), 'It', ['SchemaVersion', 'Study'])
  const version = document.get('SchemaVersion')
  if (version !== undefined && version !== 1.1 && version !== '1.1') throw invalid('SchemaVersion is not 1.1')
  const study = membersOf(document.get('Study'), 'Study', ['Series'])
  const [series, ...others] = membersOf(study.get('Series'), 'Series')
  if (series === undefined) throw invalid('it names no series')
  if (others.length > 0) throw invalid('it names more than one series: an image set has one')
  const instances = membersOf(membersOf(series[1], 'A series', ['Instances']).get('Instances'), 'Instances')
  if (instances.size === 0) throw invalid('it names no instance. Leave it out to copy all of them')
  for (const instance of instances.values()) {
    const { size } = membersOf(instance, 'An instance')
    if (size > 0) throw invalid('an instance has members, but instances are copied whole')
  }
  return { seriesInstanceUID: series[0], sopInstanceUIDs: new Set(instances.keys()) }
}

/** @param may all allowed members; without it the members are UIDs */
function membersOf(value: Json | undefined, name: string, may?: readonly string[]): JsonObject {
  if (value === undefined) return new Map()
  if (!isObject(value)) throw invalid(`${name} is not a JSON object`)
  if (may !== undefined && [...value.keys()].some((key) => !may.includes(key))) {
    throw invalid(`${name} has an unknown member. Allowed: ${may.join(' and ')}`)
  }
  return value
}

const invalid = (fault: string): ContractError =>
  new ContractError('ValidationException', `copiableAttributes cannot be read: ${fault}.`)

/**
 * Whether patient, study and series of two image sets are the same, given their attributes as metadata.ts writes them. An empty attribute
 * equals an absent one, and padding is ignored, as in grouping.
 */
export function attributesAgree(source: string, destination: string): boolean {
  if (source === destination) return true
  const [one, other] = [readImageSetAttributes(source), readImageSetAttributes(destination)]
  return one.seriesInstanceUID === other.seriesInstanceUID && LEVEL_NAMES.every((name) => agree(one[name], other[name]))
}

const LEVEL_NAMES = ['Patient', 'Study', 'Series'] as const

function agree(one: ImageSetAttributes['Patient'], other: ImageSetAttributes['Patient']): boolean {
  for (const key of new Set([...one.keys(), ...other.keys()])) {
    const [first, second] = [one.get(key) ?? 'null', other.get(key) ?? 'null']
    if (first !== second && !sameValue(readStoredJson(first), readStoredJson(second))) return false
  }
  return true
}
