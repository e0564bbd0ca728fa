/**
 * Parses SearchCriteria as JSON, in the form of the AWS CLI and AWS's documentation, for the SDK. The SDK drops unknown members and would then
 * search for everything, so they are refused here. The server checks the limits.
 */
import type { SearchCriteria } from '@aws-sdk/client-medical-imaging'
import { SearchCriteria as CriteriaShape } from '../../contract/image-sets.ts'
import { memberOf, type Shape } from '../../contract/shapes.ts'
import { nearest } from '../../server/nearest.ts'
import { OperatorError } from '../../server/operator-error.ts'

/** Throws OperatorError with exit code 2. The message never quotes the JSON, which may identify a patient. */
export function parseCriteria(json: string): SearchCriteria {
  let content: unknown
  try {
    content = JSON.parse(json)
  } catch {
    throw wrong('--criteria', 'is not JSON')
  }
  return read(CriteriaShape, content, '--criteria') as SearchCriteria
}

/** The value for the SDK: the same, with times as Date. */
function read(shape: Shape, json: unknown, at: string): unknown {
  switch (shape.kind) {
    case 'list':
      if (!Array.isArray(json)) throw wrong(at, 'must be a list')
      return json.map((item, index) => read(shape.item, item, `${at}[${index}]`))
    case 'structure':
    case 'union':
      if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong(at, 'must be an object')
      return Object.fromEntries(
        Object.entries(json).map(([name, value]) => {
          const member = Object.hasOwn(shape.members, name) ? shape.members[name] : undefined
          if (member === undefined) throw wrong(at, `has an unknown member${hint(name, Object.keys(shape.members))}`)
          return [name, read(memberOf(member).shape, value, `${at}.${name}`)]
        }),
      )
    case 'timestamp':
      return timeOf(json, at)
    default:
      if (typeof json !== shape.kind) throw wrong(at, `must be a ${shape.kind}`)
      return json
  }
}

/** Seconds since 1970, or ISO 8601 with a zone, as in AWS's documentation. */
function timeOf(json: unknown, at: string): Date {
  const isIso = typeof json === 'string' && /^\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})$/.test(json)
  const time = new Date(typeof json === 'number' ? json * 1000 : isIso ? json : Number.NaN)
  if (Number.isNaN(time.getTime()))
    throw wrong(at, 'must be a time such as "2024-01-31T10:15:00Z", or seconds since 1970')
  return time
}

function hint(name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  return meant === undefined ? `; it knows ${known.join(', ')}` : `; did you mean ${meant}?`
}

const wrong = (at: string, what: string) =>
  new OperatorError(`${at} ${what}`.replace(/([^?])$/, '$1.'), { exitCode: 2 })
