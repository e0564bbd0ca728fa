/** Policies that a command line names: a file, or a managed policy. */
import { access, readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import type { PolicyReference } from '../../contract/access.ts'
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
export async function readPolicyFile(
  path: string,
  { cwd, config }: Pick<Invocation, 'cwd' | 'config'>,
): Promise<PolicyFile> {
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

/** A file becomes an inline policy with the name of the file; any other text is the name of a policy. */
export async function policyReference(
  named: string,
  invocation: Pick<Invocation, 'cwd' | 'config'>,
): Promise<PolicyReference> {
  const isFile = /[/\\]|\.json$/i.test(named) || (await isThere(resolve(invocation.cwd, named)))
  if (!isFile) return { policyName: named }
  const { name, document } = await readPolicyFile(named, invocation)
  return { policyName: name, policyDocument: document }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}

async function readText(path: string, named: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new OperatorError(`The policy ${named} cannot be read (${(cause as NodeJS.ErrnoException).code}).`, { cause })
  }
}
