/** A second evaluator, for comparison: it reads the JSON of a policy on each request, with regular expressions and no preparation. */

type Values = Readonly<Record<string, readonly string[]>>

interface NaiveRequest {
  readonly action: string
  readonly resource: string
  /** By the name of the key in lower case. */
  readonly values: Values
}

// biome-ignore lint/suspicious/noExplicitAny: the document is JSON.
type Json = any

export function naiveDecision(documents: readonly Json[], request: NaiveRequest): string {
  const statements = documents.flatMap((document) => [document.Statement].flat())
  const matching = statements.filter((each) => naiveMatch(each, request))
  if (matching.some((each) => each.Effect === 'Deny')) return 'explicit deny'
  return matching.some((each) => each.Effect === 'Allow') ? 'allow' : 'implicit deny'
}

function naiveMatch(statement: Json, { action, resource, values }: NaiveRequest): boolean {
  const isAction = (pattern: string) => globOf(pattern, 'is').test(action)
  const isResource = (pattern: string) => pattern === '*' || isSameArn(pattern, resource)
  if (statement.Action !== undefined && ![statement.Action].flat().some(isAction)) return false
  if (statement.NotAction !== undefined && [statement.NotAction].flat().some(isAction)) return false
  if (statement.Resource !== undefined && ![statement.Resource].flat().some(isResource)) return false
  if (statement.NotResource !== undefined && [statement.NotResource].flat().some(isResource)) return false
  return Object.entries(statement.Condition ?? {}).every(([operator, tests]) =>
    Object.entries(tests as Json).every(([key, wanted]) =>
      naiveCondition(operator, [wanted].flat().map(String), values[key.toLowerCase()] ?? []),
    ),
  )
}

const escaped = (text: string) => text.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
const globOf = (pattern: string, flags = 's') =>
  new RegExp(`^${escaped(pattern).replaceAll('*', '.*').replaceAll('?', '.')}$`, flags)

function isSameArn(pattern: string, arn: string): boolean {
  const colons = escaped(pattern).split(':')
  const parts = colons.map((part, index) => {
    const any = index < 5 ? '[^:]' : '[\\s\\S]'
    return part.replaceAll('*', `${any}*`).replaceAll('?', any)
  })
  return new RegExp(`^${parts.join(':')}$`).test(arn)
}

function naiveCondition(operator: string, wanted: readonly string[], actual: readonly string[]): boolean {
  if (operator === 'Null') return wanted.some((each) => (each === 'true') === (actual.length === 0))
  const isIfExists = operator.endsWith('IfExists')
  const quantifier = operator.includes(':') ? operator.split(':')[0] : undefined
  const name = operator.replace(/^.*:/, '').replace(/IfExists$/, '')
  const isNegated = name.includes('Not')
  const test = TESTS[name.replace('Not', '')]!
  const holds = (value: string) => wanted.some((each) => test(value, each)) !== isNegated
  if (actual.length === 0 && isIfExists) return true
  if (quantifier === 'ForAllValues') return actual.every(holds)
  if (quantifier === 'ForAnyValue') return actual.some(holds)
  return isNegated ? actual.every(holds) : actual.some(holds)
}

const TESTS: Readonly<Record<string, (actual: string, wanted: string) => boolean>> = {
  StringEquals: (actual, wanted) => actual === wanted,
  StringEqualsIgnoreCase: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
  StringLike: (actual, wanted) => globOf(wanted).test(actual),
  Bool: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
  NumericLessThan: (actual, wanted) => Number(actual) < Number(wanted),
  NumericEquals: (actual, wanted) => Number(actual) === Number(wanted),
  DateGreaterThan: (actual, wanted) => new Date(actual) > new Date(wanted),
  ArnLike: isSameArnInOrder,
}

function isSameArnInOrder(actual: string, wanted: string): boolean {
  return isSameArn(wanted, actual)
}
