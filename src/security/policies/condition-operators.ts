/** The operators of conditions (IAM User Guide, "IAM JSON policy elements: Condition operators"). */
import { ipRange } from './ip-range.ts'
import { arnPattern, type Matches, wildcard } from './wildcard.ts'

type ValueKind = 'string' | 'number' | 'date' | 'boolean' | 'address' | 'arn' | 'presence'

interface Operator {
  readonly kind: ValueKind
  /** Holds if no value matches. */
  readonly isNegated: boolean
  /** The test of one value of the request; undefined where the value in the policy has another form. */
  readonly compile: (value: string) => Matches | undefined
}

const is = (kind: ValueKind, compile: Operator['compile']): Operator => ({ kind, isNegated: false, compile })
const isNot = (kind: ValueKind, compile: Operator['compile']): Operator => ({ kind, isNegated: true, compile })

const equals =
  (value: string): Matches =>
  (actual) =>
    actual === value
function equalsIgnoreCase(value: string): Matches {
  const wanted = value.toLowerCase()
  return (actual) => actual.toLowerCase() === wanted
}
const boolean = (value: string): Matches | undefined =>
  /^(true|false)$/i.test(value) ? equalsIgnoreCase(value) : undefined

type Compare = (actual: number, wanted: number) => boolean

/** A value of the request that is no number matches nothing. */
const comparing =
  (parse: (text: string) => number, compare: Compare): Operator['compile'] =>
  (value) => {
    const wanted = parse(value)
    return Number.isNaN(wanted) ? undefined : (actual) => compare(parse(actual), wanted)
  }

const parseNumber = (text: string): number => (/^[+-]?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : Number.NaN)

/** Milliseconds of an ISO 8601 date with a time zone, of a day in UTC, or of seconds since 1970. */
function parseDate(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1000
  const isIso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?$/.test(text)
  return isIso ? Date.parse(text) : Number.NaN
}

const number = (compare: Compare) => comparing(parseNumber, compare)
const date = (compare: Compare) => comparing(parseDate, compare)
const same: Compare = (actual, wanted) => actual === wanted
const less: Compare = (actual, wanted) => actual < wanted
const lessOrSame: Compare = (actual, wanted) => actual <= wanted
const greater: Compare = (actual, wanted) => actual > wanted
const greaterOrSame: Compare = (actual, wanted) => actual >= wanted

export const OPERATORS = {
  StringEquals: is('string', equals),
  StringNotEquals: isNot('string', equals),
  StringEqualsIgnoreCase: is('string', equalsIgnoreCase),
  StringNotEqualsIgnoreCase: isNot('string', equalsIgnoreCase),
  StringLike: is('string', wildcard),
  StringNotLike: isNot('string', wildcard),
  ArnEquals: is('arn', arnPattern),
  ArnLike: is('arn', arnPattern),
  ArnNotEquals: isNot('arn', arnPattern),
  ArnNotLike: isNot('arn', arnPattern),
  Bool: is('boolean', boolean),
  NumericEquals: is('number', number(same)),
  NumericNotEquals: isNot('number', number(same)),
  NumericLessThan: is('number', number(less)),
  NumericLessThanEquals: is('number', number(lessOrSame)),
  NumericGreaterThan: is('number', number(greater)),
  NumericGreaterThanEquals: is('number', number(greaterOrSame)),
  DateEquals: is('date', date(same)),
  DateNotEquals: isNot('date', date(same)),
  DateLessThan: is('date', date(less)),
  DateLessThanEquals: is('date', date(lessOrSame)),
  DateGreaterThan: is('date', date(greater)),
  DateGreaterThanEquals: is('date', date(greaterOrSame)),
  IpAddress: is('address', ipRange),
  NotIpAddress: isNot('address', ipRange),
  // True if the request has no such key. Its values are tested where the key is looked up.
  Null: is('presence', boolean),
} as const satisfies Record<string, Operator>

export type OperatorName = keyof typeof OPERATORS

/** Completes "must be ...". */
export const VALUE_FORMS: Readonly<Record<ValueKind, string>> = {
  string: 'text',
  number: 'a number in quotes, such as "10"',
  date: 'a date such as 2026-01-31T12:00:00Z, or seconds since 1970',
  boolean: 'true or false',
  address: 'an address or a range such as 10.0.0.0/8 or 2001:db8::/32',
  arn: 'an ARN of six parts, which may contain * and ?',
  presence: 'true (the request has no such key) or false',
}
