/**
 * Reads values of the contract's shapes from JSON (restJson1). A wrong JSON type is a SerializationException; validate.ts checks the limits.
 * Unknown members are ignored and null means absent, since several SDKs send both.
 */
import { ContractError } from '../../contract/errors.ts'
import { memberOf, type Shape, type StructureShape, type UnionShape } from '../../contract/shapes.ts'
import { FAULTS_MAX, type Fault, type InputPath, pointerOf } from './faults.ts'
import { parseTimestamp } from './timestamp.ts'

type ReadValue = (json: unknown, at: InputPath, faults: Fault[]) => unknown

const serializationError = (expected: string, at: InputPath): ContractError =>
  new ContractError('SerializationException', `${expected} was expected at '${pointerOf(at)}'.`)

/** Compiled once per shape, when the server starts. */
export function valueReader(shape: Shape): ReadValue {
  switch (shape.kind) {
    case 'string':
      return (json, at) => {
        if (typeof json !== 'string') throw serializationError('A string', at)
        return json
      }
    case 'boolean':
      return (json, at) => {
        if (typeof json !== 'boolean') throw serializationError('A boolean', at)
        return json
      }
    case 'integer':
      return (json, at) => {
        if (typeof json !== 'number' || (json | 0) !== json) throw serializationError('A 32-bit integer', at)
        return json
      }
    case 'timestamp':
      return (json, at) => {
        const milliseconds = parseTimestamp(json)
        if (milliseconds === undefined) throw serializationError('A time in seconds since 1970', at)
        return milliseconds
      }
    case 'blob':
      return readBlob
    case 'list': {
      const readItem = valueReader(shape.item)
      return (json, at, faults) => {
        if (!Array.isArray(json)) throw serializationError('A list', at)
        return json.map((item, index) => readItem(item, { parent: at, name: index }, faults))
      }
    }
    case 'map': {
      const readItem = valueReader(shape.item)
      return (json, at, faults) => {
        const entries = Object.entries(objectOf(json, at))
        // Faults name the map: a key is the caller's text. fromEntries keeps `__proto__` as a key.
        return Object.fromEntries(entries.map(([key, item]) => [key, readItem(item, at, faults)]))
      }
    }
    case 'structure':
      return structureReader(shape)
    case 'union':
      return unionReader(shape)
    case 'stream':
      throw new Error('a stream is not JSON')
  }
}

export function structureReader(shape: StructureShape): ReadValue {
  const members = Object.entries(shape.members).map(
    ([name, member]) => [name, valueReader(memberOf(member).shape)] as const,
  )
  return (json, at, faults) => {
    const source = objectOf(json, at)
    const structure: Record<string, unknown> = {}
    for (const [name, read] of members) {
      const member = Object.hasOwn(source, name) ? source[name] : null
      if (member !== null) structure[name] = read(member, { parent: at, name }, faults)
    }
    return structure
  }
}

/** A malformed union is a ValidationException, as AWS documents for search, where Smithy would have a SerializationException. */
function unionReader(shape: UnionShape): ReadValue {
  const readers = new Map(Object.entries(shape.members).map(([name, member]) => [name, valueReader(member)]))
  const constraint = `Member must have exactly one member set: [${[...readers.keys()].join(', ')}]`
  return (json, at, faults) => {
    const present = Object.entries(objectOf(json, at)).filter(([name, member]) => member !== null && name !== '__type')
    const [first] = present
    const read = first === undefined || present.length > 1 ? undefined : readers.get(first[0])
    if (first === undefined || read === undefined) {
      if (faults.length < FAULTS_MAX) faults.push({ at, constraint })
      return {}
    }
    return { [first[0]]: read(first[1], { parent: at, name: first[0] }, faults) }
  }
}

function readBlob(json: unknown, at: InputPath): Uint8Array {
  if (typeof json !== 'string') throw serializationError('Base64 text', at)
  const bytes = Buffer.from(json, 'base64')
  // Node ignores invalid characters: text that does not encode back to itself is not base64.
  if (bytes.toString('base64') !== json) throw serializationError('Base64 text', at)
  return bytes
}

function objectOf(json: unknown, at: InputPath): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw serializationError('An object', at)
  return json as Record<string, unknown>
}
