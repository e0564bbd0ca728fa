/**
 * Reads the input of an operation from labels, query and body, where the contract places its members, and validates it. Throws
 * SerializationException for malformed input and ValidationException for a fault. No Content-Type is required, and the body of an operation
 * without one is ignored: the viewers of aws-samples send such bodies.
 */
import { isUtf8 } from 'node:buffer'
import { ContractError } from '../../contract/errors.ts'
import { type Input, type OperationName, operations } from '../../contract/operations.ts'
import { type Member, memberOf, type Shape, type StructureShape, structure } from '../../contract/shapes.ts'
import { type Fault, INPUT, type InputPath, validationError } from './faults.ts'
import { structureReader, valueReader } from './read-value.ts'
import { checkOf } from './validate.ts'

interface InputParts {
  /** By member name, still percent-encoded. */
  readonly labels: Readonly<Record<string, string>>
  /** As received. */
  readonly query: string
  readonly body: Uint8Array
}

type Values = Record<string, unknown>
type ReadPart = (parts: InputParts, values: Values, faults: Fault[]) => void

/** Compiled once per operation, when the server starts. */
export function inputReader<N extends OperationName>(operation: N): (parts: InputParts) => Input<N> {
  const input: StructureShape = operations[operation].input
  const members = Object.entries(input.members).map(([name, member]) => ({ name, ...memberOf(member) }))
  const reads = members.filter(({ place }) => place.in !== 'body').map(partReader)
  const inBody = members.filter(({ place }) => place.in === 'body')
  if (inBody.length > 0) reads.push(bodyReader(structure(Object.fromEntries(inBody.map((m) => [m.name, m])))))
  const check = checkOf(input)

  return (parts) => {
    const values: Values = {}
    const faults: Fault[] = []
    for (const read of reads) read(parts, values, faults)
    check(values as never, INPUT, faults)
    if (faults.length > 0) throw validationError(faults)
    return values as Input<N>
  }
}

function partReader({ name, shape, place }: { readonly name: string } & Member): ReadPart {
  const at: InputPath = { parent: INPUT, name }
  switch (place.in) {
    case 'label':
      return ({ labels }, values) => {
        values[name] = decode(labels[name] ?? '')
      }
    case 'query': {
      const queryName = place.name ?? name
      return ({ query }, values, faults) => {
        const texts = query === '' ? [] : queryValues(query, queryName)
        const value = texts.length === 0 ? undefined : valueOfTexts(shape, { texts, at, faults })
        if (value !== undefined) values[name] = value
      }
    }
    case 'payload': {
      const read = valueReader(shape)
      return ({ body }, values, faults) => {
        if (body.length > 0) values[name] = read(parseJson(body), at, faults)
      }
    }
    case 'body':
    case 'header':
      throw new Error(`no operation places an input member of its own in the ${place.in}`)
  }
}

function bodyReader(shape: StructureShape): ReadPart {
  const read = structureReader(shape)
  return ({ body }, values, faults) => {
    if (body.length > 0) Object.assign(values, read(parseJson(body), INPUT, faults))
  }
}

/** V8's JSON.parse is not recursive, so deep nesting cannot exhaust the stack. Its messages quote the body, so they are not passed on. */
function parseJson(body: Uint8Array): unknown {
  if (!isUtf8(body)) throw new ContractError('SerializationException', 'The request body is not UTF-8.')
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
  } catch {
    throw new ContractError('SerializationException', 'The request body is not JSON.')
  }
}

/** All values of a name. A trailing `&` is accepted: the OHIF data source sends one. */
function queryValues(query: string, name: string): string[] {
  const values: string[] = []
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    const rawName = equals < 0 ? pair : pair.slice(0, equals)
    if (rawName === name || (rawName.includes('%') && decode(rawName) === name)) {
      values.push(equals < 0 ? '' : decode(pair.slice(equals + 1).replaceAll('+', ' ')))
    }
  }
  return values
}

function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw new ContractError('SerializationException', 'The request target is not percent-encoded UTF-8.')
  }
}

type Texts = { readonly texts: readonly string[]; readonly at: InputPath; readonly faults: Fault[] }

/** A malformed integer or boolean in the query is a ValidationException, as from AWS. */
function valueOfTexts(shape: Shape, { texts, at, faults }: Texts): unknown {
  const text = texts[0] as string
  switch (shape.kind) {
    case 'list':
      return texts
    case 'string':
      return text
    case 'integer':
      if (/^-?\d{1,15}$/.test(text)) return Number(text)
      faults.push({ at, value: text, constraint: 'Member must be an integer' })
      return undefined
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true'
      faults.push({ at, value: text, constraint: 'Member must satisfy enum value set: [true, false]' })
      return undefined
    default:
      throw new Error(`no operation places a ${shape.kind} in the query`)
  }
}
