/** `hilum policies simulate`: decides one request without sending it. */
import { compilePolicies, type PolicySet } from '../../security/policies/compile-policies.ts'
import { conditionKeyNames, findConditionKey } from '../../security/policies/condition-keys.ts'
import type { Decision } from '../../security/policies/policy.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { serverFor } from '../client/client.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { hilumRequest } from './hilum-request.ts'
import { readPolicy } from './policy-files.ts'

export async function simulate(invocation: Invocation): Promise<ExitCode> {
  const { flags, config, terminal } = invocation
  const { action } = flags
  if (typeof action !== 'string') throw usage('hilum policies simulate needs --action <action>.')
  const files = (flags.policy ?? []) as readonly string[]
  const { principal } = flags
  if ((files.length === 0) === (principal === undefined)) {
    throw usage('hilum policies simulate needs either --principal <name> or --policy <file or name>.')
  }
  const context = contextOf((flags.context ?? []) as readonly string[])
  const resource = typeof flags.resource === 'string' ? flags.resource : '*'
  const decision =
    typeof principal === 'string'
      ? await decisionOf(
          { principalName: principal, action, resource, context: Object.fromEntries(context) },
          invocation,
        )
      : (await policySetOf(files, invocation)).decide({ action, resource, valuesOf: (key) => context.get(key) })
  terminal.print(config.json ? JSON.stringify(decision) : sentenceOf(decision))
  return decision.outcome === 'allow' ? 0 : 1
}

async function decisionOf(request: object, invocation: Invocation): Promise<Decision> {
  const body = JSON.stringify(request)
  const decision = await hilumRequest(await serverFor(invocation), { method: 'POST', path: ['simulate-policy'], body })
  return decision as Decision
}

async function policySetOf(files: readonly string[], invocation: Invocation): Promise<PolicySet> {
  return compilePolicies(await Promise.all(files.map(async (named) => (await readPolicy(named, invocation)).policy)))
}

/** By key in lower case; a key that is given twice has two values. */
function contextOf(pairs: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const context = new Map<string, string[]>()
  for (const pair of pairs) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? []
    if (key === undefined || findConditionKey(key) === undefined) {
      throw usage(`--context '${pair}' must be <key>=<value>. Keys are ${conditionKeyNames()}.`)
    }
    context.set(key.toLowerCase(), [...(context.get(key.toLowerCase()) ?? []), value!])
  }
  return context
}

function sentenceOf({ outcome, by }: Decision): string {
  if (by === undefined) return 'Denied: no statement matches.'
  const sid = by.sid === undefined ? '' : ` (${by.sid})`
  return `${outcome === 'allow' ? 'Allowed' : 'Denied'} by statement ${by.statement}${sid} of ${by.policy}.`
}

const usage = (message: string) => new OperatorError(message, { exitCode: 2 })
