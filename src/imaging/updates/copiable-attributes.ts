/**
 * Which instances CopyImageSet is to copy, and whether two image sets may be put together: they have to agree in patient, study and
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
  /** Each once, and at least one. */
  readonly sopInstanceUIDs: ReadonlySet<string>
}

/** AWS's own words for a copy that failed, with its two spaces. */
export const ATTRIBUTES_DO_NOT_MATCH = `INVALID_REQUEST:  Series of SourceImageSet and DestinationImageSet don't match.`

const COPIABLE_JSON: JsonLimits = { depthMax: 8, valuesMax: 100_000 }

/** @param text JSON as it is, not base64. @throws ContractError ValidationException */
export function parseCopiableAttributes(text: string): CopiableAttributes {
  if (isBase64OfJson(text)) throw invalid('it is base64, and wanted as the JSON itself')
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

/** `may` are all members it can have; without it they are UIDs. */
function membersOf(value: Json | undefined, name: string, may?: readonly string[]): JsonObject {
  if (value === undefined) return new Map()
  if (!isObject(value)) throw invalid(`${name} is no JSON object`)
  if (may !== undefined && [...value.keys()].some((key) => !may.includes(key))) {
    throw invalid(`${name} has a member that it does not know: it knows ${may.join(' and ')}`)
  }
  return value
}

const invalid = (fault: string): ContractError =>
  new ContractError('ValidationException', `copiableAttributes cannot be read: ${fault}.`)

/**
 * Whether patient, study and series of two image sets are the same, from their levels as metadata.ts writes them. What is empty in one and
 * absent in the other does not contradict it, and pads do not count, as in grouping.
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
