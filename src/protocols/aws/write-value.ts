/**
 * Writes values of the contract's shapes as JSON (restJson1). Each shape is compiled into a function that only appends text: a page of 50
 * summaries takes some ten microseconds, and less where they are cached.
 */
import { JsonText, Lasting, memberOf, type Shape, type StructureShape } from '../../contract/shapes.ts'
import { JsonBody } from './json-body.ts'
import { timestampText } from './timestamp.ts'

/** `never` is the type of the shape, which the compiler has checked in the operation. */
type WriteValue = (value: never, body: JsonBody) => void

function valueWriter(shape: Shape): WriteValue {
  switch (shape.kind) {
    case 'string':
      return (text: string, body) => body.add(JSON.stringify(text))
    case 'integer':
    case 'boolean':
      return (value: number | boolean, body) => body.add(String(value))
    case 'timestamp':
      return (milliseconds: number, body) => body.add(timestampText(milliseconds))
    case 'blob':
      return (bytes: Uint8Array, body) =>
        body.add(`"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}"`)
    case 'list': {
      const write = valueWriter(shape.item)
      return (items: readonly never[], body) => {
        body.add('[')
        for (let at = 0; at < items.length; at++) {
          if (at > 0) body.add(',')
          write(items[at]!, body)
        }
        body.add(']')
      }
    }
    case 'map': {
      const write = valueWriter(shape.item)
      return (map: Readonly<Record<string, never>>, body) => {
        let before = '{'
        for (const [key, item] of Object.entries(map)) {
          body.add(`${before}${JSON.stringify(key)}:`)
          write(item, body)
          before = ','
        }
        body.add(before === '{' ? '{}' : '}')
      }
    }
    case 'structure':
      return structureWriter(shape)
    case 'union':
      return structureWriter({ kind: 'structure', members: shape.members })
    case 'stream':
      throw new Error('a stream is not JSON')
  }
}

type Structure = Readonly<Record<string, never>>

export function structureWriter(shape: StructureShape): WriteValue {
  const members = Object.entries(shape.members).map(([name, member]) => ({
    name,
    first: `{${JSON.stringify(name)}:`,
    next: `,${JSON.stringify(name)}:`,
    write: valueWriter(memberOf(member).shape),
  }))
  const writeMembers = (structure: Structure, body: JsonBody) => {
    let isEmpty = true
    for (const { name, first, next, write } of members) {
      const value = structure[name]
      if (value === undefined) continue
      body.add(isEmpty ? first : next)
      write(value, body)
      isEmpty = false
    }
    body.add(isEmpty ? '{}' : '}')
  }
  return (structure: Structure | JsonText | Lasting<Structure>, body) => {
    if (structure instanceof JsonText) body.add(structure.text)
    else if (structure instanceof Lasting) {
      structure.json ??= jsonBytes(structure.structure, writeMembers)
      body.addBytes(structure.json)
    } else writeMembers(structure, body)
  }
}

function jsonBytes<Value>(value: Value, write: (value: Value, body: JsonBody) => void): Uint8Array {
  const body = new JsonBody()
  write(value, body)
  return body.bytes()
}
