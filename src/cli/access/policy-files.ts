/** Policies that a command line names: a file, or a managed policy. */
import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { MalformedPolicy } from '../../security/policies/malformed-policy.ts'
import { MANAGED_POLICIES } from '../../security/policies/managed-policies.ts'
import { parsePolicy } from '../../security/policies/parse-policy.ts'
import type { Policy } from '../../security/policies/policy.ts'
import { OperatorError } from '../../server/operator-error.ts'
import type { Invocation } from '../terminal/command.ts'

interface PolicyFile {
  /** The name of the file without its folder and ending. */
  readonly name: string
  readonly document: string
  readonly policy: Policy
}

/** @throws OperatorError if the file cannot be read or is not a policy */
async function readPolicyFile(path: string, { cwd, config }: Pick<Invocation, 'cwd' | 'config'>): Promise<PolicyFile> {
  const name = basename(path).replace(/\.json$/i, '')
  const document = await readText(resolve(cwd, path), path)
  try {
    return { name, document, policy: parsePolicy(name, document, config.limits) }
  } catch (cause) {
    if (!(cause instanceof MalformedPolicy)) throw cause
    throw new OperatorError(`${path} is not a policy. ${cause.message}`, { cause })
  }
}

/** As readPolicyFile, or a managed policy by its name. */
export async function readPolicy(named: string, invocation: Pick<Invocation, 'cwd' | 'config'>): Promise<PolicyFile> {
  const document = Object.hasOwn(MANAGED_POLICIES, named) ? MANAGED_POLICIES[named] : undefined
  if (document === undefined) return readPolicyFile(named, invocation)
  return { name: named, document, policy: parsePolicy(named, document, invocation.config.limits) }
}

async function readText(path: string, named: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new OperatorError(`The policy ${named} cannot be read (${(cause as NodeJS.ErrnoException).code}).`, { cause })
  }
}
