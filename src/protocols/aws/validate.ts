/**
 * Checks a value against the limits of its shape: required members, lengths, counts and patterns. Every fault is reported, in the sentences
 * of AWS's Coral framework.
 */
import { memberOf, type Shape, type StringShape } from '../../contract/shapes.ts'
import { FAULTS_MAX, type Fault, type InputPath } from './faults.ts'

/** Adds the faults of a value, which already has the type of the shape. */
export type Check = (value: never, at: InputPath, faults: Fault[]) => void

type Limits = { readonly min?: number | undefined; readonly max?: number | undefined }

/** Compiled once per shape, with its patterns, when the server starts. */
export function checkOf(shape: Shape): Check {
  switch (shape.kind) {
    case 'string':
      return stringCheck(shape)
    case 'integer':
      return (value: number, at, faults) => {
        for (const constraint of brokenBounds(value, shape, 'value'))
          faults.push({ at, value: String(value), constraint })
      }
    case 'blob':
      return (value: Uint8Array, at, faults) => {
        for (const constraint of brokenBounds(value.length, shape, 'length')) faults.push({ at, constraint })
      }
    case 'list': {
      const checkItem = checkOf(shape.item)
      return (value: readonly never[], at, faults) => {
        for (const constraint of brokenBounds(value.length, shape, 'length')) faults.push({ at, constraint })
        for (const [index, item] of value.entries()) {
          if (faults.length >= FAULTS_MAX) return
          checkItem(item, { parent: at, name: index }, faults)
        }
      }
    }
    case 'map': {
      const checkKey = checkOf(shape.key)
      const checkItem = checkOf(shape.item)
      return (value: Readonly<Record<string, never>>, at, faults) => {
        for (const [key, item] of Object.entries(value)) {
          if (faults.length >= FAULTS_MAX) return
          pushNested(faults, { at, part: 'keys', of: (nested) => checkKey(key as never, at, nested) })
          pushNested(faults, { at, part: 'values', of: (nested) => checkItem(item, at, nested) })
        }
      }
    }
    case 'structure': {
      const members = Object.entries(shape.members).map(([name, member]) => {
        const { required, shape: memberShape } = memberOf(member)
        return { name, required, check: checkOf(memberShape) }
      })
      return (value: Readonly<Record<string, never>>, at, faults) => {
        for (const { name, required, check } of members) {
          if (faults.length >= FAULTS_MAX) return
          const member = value[name]
          if (member !== undefined) check(member, { parent: at, name }, faults)
          else if (required)
            faults.push({ at: { parent: at, name }, value: null, constraint: 'Member must not be null' })
        }
      }
    }
    case 'union': {
      const checks = new Map(Object.entries(shape.members).map(([name, member]) => [name, checkOf(member)]))
      return (value: Readonly<Record<string, never>>, at, faults) => {
        for (const [name, member] of Object.entries(value)) checks.get(name)?.(member, { parent: at, name }, faults)
      }
    }
    case 'boolean':
    case 'timestamp':
    case 'stream':
      return () => {}
  }
}

function stringCheck(shape: StringShape): Check {
  const { min, max, values, sensitive } = shape
  const pattern = patternOf(shape)
  return (value: string, at, faults) => {
    const shown = sensitive ? undefined : value
    if (values !== undefined && !values.includes(value)) {
      const constraint = `Member must satisfy enum value set: [${values.join(', ')}]`
      faults.push({ at, value: shown, constraint })
    }
    // Smithy counts characters, of which there are at most as many as UTF-16 code units: counted only where it matters.
    const isShort = value.length <= (max ?? Number.POSITIVE_INFINITY) && value.length >= 2 * (min ?? 0)
    const length = isShort ? value.length : charactersIn(value)
    for (const constraint of isShort ? [] : brokenBounds(length, { min, max }, 'length')) {
      faults.push({ at, value: shown, constraint })
    }
    if (pattern !== undefined && !pattern.test(value)) {
      const constraint = `Member must satisfy regular expression pattern: ${shape.pattern}`
      faults.push({ at, value: shown, constraint })
    }
  }
}

/** Anchored, since a pattern of the model describes the whole value. `\p{...}` needs the u flag, which other patterns do not allow. */
export function patternOf({ pattern, linearPattern }: StringShape): RegExp | undefined {
  const source = linearPattern ?? pattern
  return source === undefined ? undefined : new RegExp(`^(?:${source})$`, source.includes('\\p{') ? 'u' : '')
}

function charactersIn(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

function brokenBounds(size: number, { min, max }: Limits, what: 'length' | 'value'): string[] {
  const broken: string[] = []
  if (max !== undefined && size > max) broken.push(`Member must have ${what} less than or equal to ${max}`)
  if (min !== undefined && size < min) broken.push(`Member must have ${what} greater than or equal to ${min}`)
  return broken
}

/** Coral reports a fault of a key or value once, as a fault of the map. */
function pushNested(
  faults: Fault[],
  { at, part, of }: { at: InputPath; part: string; of: (nested: Fault[]) => void },
): void {
  const nested: Fault[] = []
  of(nested)
  if (nested.length === 0) return
  const constraint = `Map ${part} must satisfy constraint: [${nested.map((fault) => fault.constraint).join(', ')}]`
  if (!faults.some((fault) => fault.at === at && fault.constraint === constraint)) faults.push({ at, constraint })
}
