/** `hilum principals`: through the API of the server, as the owner or as a principal that may. */
import type { CreatedKey, PrincipalSummary } from '../../contract/access.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { serverFor } from '../client/client.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { drawTable } from './draw-table.ts'
import { hilumRequest } from './hilum-request.ts'
import { policyReference } from './policy-files.ts'

export async function createPrincipal(invocation: Invocation): Promise<ExitCode> {
  const { flags, operand } = invocation
  const named = (flags.policy ?? []) as readonly string[]
  const policies = await Promise.all(named.map((each) => policyReference(each, invocation)))
  const tags = Object.fromEntries(((flags.tag ?? []) as readonly string[]).map(tagOf))
  const body = JSON.stringify({ principalName: operand, policies, tags })
  const key = await hilumRequest(await serverFor(invocation), { method: 'POST', path: ['principals'], body })
  printKey(key as CreatedKey, invocation)
  return 0
}

export async function listPrincipals(invocation: Invocation): Promise<ExitCode> {
  const { config, terminal } = invocation
  const answer = await hilumRequest(await serverFor(invocation), { method: 'GET', path: ['principals'] })
  const { principals } = answer as { readonly principals: readonly PrincipalSummary[] }
  if (config.json) for (const principal of principals) terminal.print(JSON.stringify(principal))
  else if (principals.length === 0) terminal.note('There is no principal. Create one: hilum principals create <name>')
  else {
    const rows = principals.map(({ principalName, status, accessKeys, policies, tags }) => [
      principalName,
      status,
      accessKeys.map(({ accessKeyId }) => accessKeyId).join(' '),
      policies.map(({ policyName }) => policyName).join(' '),
      Object.entries(tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(' '),
    ])
    terminal.print(drawTable(['Name', 'Status', 'Access keys', 'Policies', 'Tags'], rows, terminal))
  }
  return 0
}

export const disablePrincipal = (invocation: Invocation): Promise<ExitCode> =>
  change(invocation, { method: 'POST', path: ['disable'], done: 'is disabled. Its keys stop within seconds.' })

export const enablePrincipal = (invocation: Invocation): Promise<ExitCode> =>
  change(invocation, { method: 'POST', path: ['enable'], done: 'is enabled.' })

export const deletePrincipal = (invocation: Invocation): Promise<ExitCode> =>
  change(invocation, { method: 'DELETE', path: [], done: 'is deleted.' })

export async function attachPolicy(invocation: Invocation): Promise<ExitCode> {
  const { policyName, policyDocument } = await policyReference(invocation.secondOperand!, invocation)
  const body = policyDocument === undefined ? {} : { body: policyDocument }
  const done = `has the policy ${policyName}.`
  return change(invocation, { method: 'PUT', path: ['policies', policyName], ...body, done })
}

export async function detachPolicy(invocation: Invocation): Promise<ExitCode> {
  const policyName = invocation.secondOperand!
  return change(invocation, { method: 'DELETE', path: ['policies', policyName], done: `has no policy ${policyName}.` })
}

export function tagPrincipal(invocation: Invocation): Promise<ExitCode> {
  const [key, value] = tagOf(invocation.secondOperand!)
  const body = JSON.stringify({ tags: { [key]: value } })
  return change(invocation, { method: 'PUT', path: ['tags'], body, done: `has the tag ${key}=${value}.` })
}

export function untagPrincipal(invocation: Invocation): Promise<ExitCode> {
  const key = invocation.secondOperand!
  const query = { tagKeys: key }
  return change(invocation, { method: 'DELETE', path: ['tags'], query, done: `has no tag ${key}.` })
}

function tagOf(text: string): readonly [key: string, value: string] {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (key === undefined) throw new OperatorError(`A tag must be <key>=<value>, not '${text}'.`, { exitCode: 2 })
  return [key, value!]
}

export async function rotateKey(invocation: Invocation): Promise<ExitCode> {
  const { flags, operand } = invocation
  const overlap = flags.overlap ?? '0'
  if (typeof overlap !== 'string' || !/^\d{1,6}$/.test(overlap)) {
    throw new OperatorError(`--overlap must be a whole number of minutes, not '${overlap}'.`, { exitCode: 2 })
  }
  const body = JSON.stringify({ overlapMinutes: Number(overlap) })
  const path = ['principals', operand!, 'rotate-key']
  const key = await hilumRequest(await serverFor(invocation), { method: 'POST', path, body })
  printKey(key as CreatedKey, invocation)
  return 0
}

interface Change {
  readonly method: 'POST' | 'PUT' | 'DELETE'
  /** Below the principal. */
  readonly path: readonly string[]
  readonly query?: Readonly<Record<string, string>>
  readonly body?: string
  /** Completes a sentence that begins with the name of the principal. */
  readonly done: string
}

async function change(invocation: Invocation, { path, done, ...request }: Change): Promise<ExitCode> {
  const { config, operand, terminal } = invocation
  await hilumRequest(await serverFor(invocation), { ...request, path: ['principals', operand!, ...path] })
  terminal.print(config.json ? JSON.stringify({ principalName: operand }) : `${operand} ${done}`)
  return 0
}

function printKey({ accessKeyId, secretAccessKey }: CreatedKey, { config, terminal }: Invocation): void {
  if (config.json) {
    terminal.print(JSON.stringify({ accessKeyId, secretAccessKey }))
    return
  }
  terminal.print(`accessKeyId      ${accessKeyId}\nsecretAccessKey  ${secretAccessKey}`)
  terminal.note('The secret is shown once: the server keeps it encrypted, and no command prints it again.')
}
