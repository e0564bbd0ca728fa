/**
 * Decides requests by the policies of one principal (IAM User Guide, "Policy evaluation logic"): a matching Deny wins, then a matching Allow;
 * otherwise the request is denied. Patterns are compiled once, and statements are sorted by action when an action is first asked for.
 */
import { ACTIONS } from '../../contract/actions.ts'
import { actionPattern } from './action-patterns.ts'
import { RESOURCE_TAG } from './condition-keys.ts'
import { OPERATORS } from './condition-operators.ts'
import type { AccessRequest, Condition, ConditionValues, Decision, Policy, Statement } from './policy.ts'
import { arnPattern, canMatchBeginning, type Matches } from './wildcard.ts'

export interface PolicySet {
  decide(request: AccessRequest): Decision
  /** Whether any condition reads tags of the resource, which cost a read of the catalog. */
  readonly readsResourceTags: boolean
}

interface CompiledStatement {
  readonly appliesTo: Matches
  readonly matchesResource: Matches
  readonly conditions: readonly ((valuesOf: ConditionValues) => boolean)[]
  readonly decision: Decision
  readonly isDeny: boolean
}

/** The end of a resource in a request, not in a policy. */
const IMAGE_SETS_FOUND_LATER = '/imageset/*'

/** Deny first. */
type Candidates = readonly CompiledStatement[]

const KNOWN_ACTIONS: ReadonlySet<string> = new Set(ACTIONS)

export function compilePolicies(policies: readonly Policy[]): PolicySet {
  const statements = policies.flatMap(({ name, statements }) => statements.map((each) => compiled(each, name)))
  const byAction = new Map<string, Candidates>()

  function candidatesOf(action: string): Candidates {
    const found = byAction.get(action)
    if (found !== undefined) return found
    const applying = statements.filter(({ appliesTo }) => appliesTo(action))
    const sorted = [...applying.filter(({ isDeny }) => isDeny), ...applying.filter(({ isDeny }) => !isDeny)]
    // Other texts come from simulations only. Keeping them would have no bound.
    if (KNOWN_ACTIONS.has(action)) byAction.set(action, sorted)
    return sorted
  }

  return {
    readsResourceTags: policies.some((policy) =>
      policy.statements.some(({ conditions }) => conditions.some(({ key }) => key.startsWith(RESOURCE_TAG))),
    ),
    decide({ action, resource, valuesOf }) {
      for (const { matchesResource, conditions, decision } of candidatesOf(action)) {
        if (matchesResource(resource) && conditions.every((holds) => holds(valuesOf))) return decision
      }
      return { outcome: 'implicit deny' }
    },
  }
}

function compiled(statement: Statement, policy: string): CompiledStatement {
  const { number, sid, effect, actions, isNotAction, resources, isNotResource, conditions } = statement
  // parsePolicy accepts ARNs only.
  const patterns = resources.map((text) => arnPattern(text)!)
  const matchesResource = oneOf(patterns, { isNegated: isNotResource })
  return {
    appliesTo: oneOf(actions.map(actionPattern), { isNegated: isNotAction }),
    matchesResource: effect === 'Deny' && !isNotResource ? orSomeImageSet(resources, matchesResource) : matchesResource,
    conditions: conditions.map(compileCondition),
    isDeny: effect === 'Deny',
    decision: {
      outcome: effect === 'Deny' ? 'explicit deny' : 'allow',
      by: { policy, statement: number, sid },
    },
  }
}

/** A Deny on one image set also denies a request on image sets that are found later. */
function orSomeImageSet(resources: readonly string[], matches: Matches): Matches {
  return (resource) =>
    matches(resource) ||
    (resource.endsWith(IMAGE_SETS_FOUND_LATER) &&
      resources.some((pattern) => canMatchBeginning(pattern, resource.slice(0, -1))))
}

function oneOf(patterns: readonly Matches[], { isNegated }: { readonly isNegated: boolean }): Matches {
  const [only] = patterns
  if (patterns.length === 1 && !isNegated) return only!
  return (text) => patterns.some((matches) => matches(text)) !== isNegated
}

function compileCondition({ key, operator, quantifier, isIfExists, values }: Condition) {
  const { isNegated, compile } = OPERATORS[operator]
  if (operator === 'Null') {
    const wanted = values.map((value) => value.toLowerCase() === 'true')
    return (valuesOf: ConditionValues) => wanted.includes((valuesOf(key)?.length ?? 0) === 0)
  }
  const tests = values.map((value) => compile(value)!)
  const holds: Matches = (actual) => tests.some((matches) => matches(actual)) !== isNegated
  const holdsWithoutKey = isIfExists || quantifier === 'ForAllValues' || (quantifier === undefined && isNegated)
  const isEvery = quantifier === 'ForAllValues' || (quantifier === undefined && isNegated)
  return (valuesOf: ConditionValues): boolean => {
    const actual = valuesOf(key)
    if (actual === undefined || actual.length === 0) return holdsWithoutKey
    return isEvery ? actual.every(holds) : actual.some(holds)
  }
}
