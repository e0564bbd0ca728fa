/** Parses the Condition of a statement: `{"StringEquals": {"aws:ResourceTag/team": ["mri", "ct"]}}`. */
import { conditionKeyNames, findConditionKey } from './condition-keys.ts'
import { OPERATORS, type OperatorName, VALUE_FORMS } from './condition-operators.ts'
import { MalformedPolicy } from './malformed-policy.ts'
import type { Condition } from './policy.ts'

type TextsOf = (value: unknown, place: string) => readonly string[]

export function parseConditions(found: unknown, place: string, textsOf: TextsOf): readonly Condition[] {
  return membersOf(found, place).flatMap(([operator, tests]) => {
    const parsed = parseOperator(operator, place)
    return membersOf(tests, `${place}, ${operator}`).map(([key, value]) =>
      parseTest(parsed, { key, place: `${place}, ${operator}, ${key}`, values: valuesOf(value, textsOf, place) }),
    )
  })
}

/** Numbers and truth values may stand without quotes. */
function valuesOf(value: unknown, textsOf: TextsOf, place: string): readonly string[] {
  const list = (Array.isArray(value) ? value : [value]).map((each: unknown) =>
    typeof each === 'boolean' || typeof each === 'number' ? String(each) : each,
  )
  return textsOf(list, place)
}

type ParsedOperator = Pick<Condition, 'operator' | 'quantifier' | 'isIfExists'>

function parseOperator(text: string, place: string): ParsedOperator {
  const [, quantifier, name, ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w*?)(IfExists)?$/.exec(text) ?? []
  if (name === undefined || !Object.hasOwn(OPERATORS, name)) {
    const names = Object.keys(OPERATORS).join(', ')
    throw new MalformedPolicy(
      place,
      `'${text}' is not an operator. Operators are ${names}; all but Null may end in IfExists, and begin with ForAllValues: or ForAnyValue:`,
    )
  }
  if (name === 'Null' && text !== 'Null')
    throw new MalformedPolicy(place, 'Null takes neither IfExists nor For...Values')
  return {
    operator: name as OperatorName,
    quantifier: quantifier as Condition['quantifier'],
    isIfExists: ifExists !== undefined,
  }
}

function parseTest(
  parsed: ParsedOperator,
  { key, values, place }: { readonly key: string; readonly values: readonly string[]; readonly place: string },
): Condition {
  const known = findConditionKey(key)
  if (known === undefined) {
    throw new MalformedPolicy(place, `is not a condition key of Hilum. Keys are ${conditionKeyNames()}`)
  }
  const { kind, compile } = OPERATORS[parsed.operator]
  if (kind !== 'presence') {
    if (!(known.kinds as readonly string[]).includes(kind)) {
      throw new MalformedPolicy(place, `needs an operator for ${known.kinds.map((each) => NAMES[each]).join(' or ')}`)
    }
    if (known.isList && parsed.quantifier === undefined) {
      throw new MalformedPolicy(
        place,
        'has several values in a request: begin the operator with ForAllValues: or ForAnyValue:',
      )
    }
  }
  const wrong = values.find((value) => compile(value) === undefined)
  if (wrong !== undefined) throw new MalformedPolicy(place, `'${wrong}' must be ${VALUE_FORMS[kind]}`)
  return { ...parsed, key: key.toLowerCase(), values }
}

/** By kind of value. */
const NAMES = {
  string: 'text (String...)',
  number: 'numbers (Numeric...)',
  date: 'dates (Date...)',
  boolean: 'truth values (Bool)',
  address: 'addresses (IpAddress, NotIpAddress)',
  arn: 'ARNs (Arn...)',
  presence: 'presence (Null)',
} as const

function membersOf(value: unknown, place: string): [string, unknown][] {
  const members = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
  if (members.length === 0) throw new MalformedPolicy(place, 'must be a JSON object with one member or more')
  return members
}
