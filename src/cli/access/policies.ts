/** `hilum policies`: policies that are kept by their name, through the API of the server. */
import type { PolicySummary } from '../../contract/access.ts'
import { serverFor } from '../client/client.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { drawTable } from './draw-table.ts'
import { hilumRequest } from './hilum-request.ts'
import { readPolicyFile } from './policy-files.ts'

export async function putPolicy(invocation: Invocation): Promise<ExitCode> {
  const { operand, secondOperand } = invocation
  const { document } = await readPolicyFile(secondOperand!, invocation)
  const request = { method: 'PUT', path: ['policies', operand!], body: document } as const
  await hilumRequest(await serverFor(invocation), request)
  return done(invocation, 'is stored.')
}

export async function listPolicies(invocation: Invocation): Promise<ExitCode> {
  const { config, terminal } = invocation
  const answer = await hilumRequest(await serverFor(invocation), { method: 'GET', path: ['policies'] })
  const { policies } = answer as { readonly policies: readonly PolicySummary[] }
  if (config.json) for (const policy of policies) terminal.print(JSON.stringify(policy))
  else {
    const rows = policies.map(({ policyName, updatedAt }) => [
      policyName,
      updatedAt === undefined ? 'managed' : new Date(updatedAt * 1000).toISOString().slice(0, 16),
    ])
    terminal.print(drawTable(['Name', 'Updated (UTC)'], rows, terminal))
  }
  return 0
}

export async function showPolicy(invocation: Invocation): Promise<ExitCode> {
  const { config, operand, terminal } = invocation
  const answer = await hilumRequest(await serverFor(invocation), { method: 'GET', path: ['policies', operand!] })
  const policy = answer as PolicySummary
  terminal.print(config.json ? JSON.stringify(policy) : policy.policyDocument)
  return 0
}

export async function deletePolicy(invocation: Invocation): Promise<ExitCode> {
  await hilumRequest(await serverFor(invocation), { method: 'DELETE', path: ['policies', invocation.operand!] })
  return done(invocation, 'is deleted.')
}

function done({ config, operand, terminal }: Invocation, sentence: string): ExitCode {
  terminal.print(config.json ? JSON.stringify({ policyName: operand }) : `${operand} ${sentence}`)
  return 0
}
