/**
 * Values of the contract's shapes as JSON text (restJson1): compiled once per shape into functions that only join strings, so
 * that a page of 50 summaries costs some ten microseconds.
 */
import { JsonText, Lasting, memberOf, type Shape, type StructureShape } from '../../contract/shapes.ts'
import { timestampText } from './timestamp.ts'

/** `never` stands for the shape's own type: the operations table has checked it against the operation already. */
export type WriteValue = (value: never) => string

export function valueWriter(shape: Shape): WriteValue {
  switch (shape.kind) {
    case 'string':
      return JSON.stringify
    case 'integer':
    case 'boolean':
      return String
    case 'timestamp':
      return timestampText
    case 'blob':
      return (bytes: Uint8Array) => `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}"`
    case 'list': {
      const write = valueWriter(shape.item)
      return (items: readonly never[]) => {
        let text = ''
        for (const item of items) text += text === '' ? write(item) : `,${write(item)}`
        return `[${text}]`
      }
    }
    case 'map': {
      const write = valueWriter(shape.item)
      return (map: Readonly<Record<string, never>>) =>
        `{${Object.entries(map)
          .map(([key, item]) => `${JSON.stringify(key)}:${write(item)}`)
          .join(',')}}`
    }
    case 'structure':
      return structureWriter(shape)
    case 'union':
      return structureWriter({ kind: 'structure', members: shape.members })
    case 'stream':
      throw new Error('a stream is not JSON')
  }
}

export function structureWriter(shape: StructureShape): WriteValue {
  const members = Object.entries(shape.members).map(([name, member]) => ({
    name,
    prefix: `${JSON.stringify(name)}:`,
    write: valueWriter(memberOf(member).shape),
  }))
  const write = (structure: Readonly<Record<string, never>>): string => {
    let text = ''
    for (const { name, prefix, write } of members) {
      const value = structure[name]
      if (value !== undefined) text += text === '' ? prefix + write(value) : `,${prefix}${write(value)}`
    }
    return `{${text}}`
  }
  return (structure: Readonly<Record<string, never>> | JsonText | Lasting<Readonly<Record<string, never>>>) => {
    if (structure instanceof JsonText) return structure.text
    if (structure instanceof Lasting) {
      structure.text ??= write(structure.structure)
      return structure.text
    }
    return write(structure)
  }
}
