/** A client token makes a request idempotent: the same request again gets the reply of the first. */
import { createHash } from 'node:crypto'
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { ClientTokenUse } from '../stores/catalog/datastore-repository.ts'

export function clientTokenUse(app: App, input: { readonly clientToken: string }): ClientTokenUse {
  const { clientToken, ...parameters } = input
  const fingerprint = createHash('sha256')
    .update(JSON.stringify(sorted(parameters)))
    .digest('hex')
  return { clientToken, fingerprint, usedSince: app.clock() - app.limits.clientTokenMs }
}

/** Members may be in any order, so they are sorted before requests are compared. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(
    members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, sorted(member)]),
  )
}

export const tokenOfAnotherRequest = () =>
  new ContractError(
    'ConflictException',
    'The client token was used within a day for a request with other parameters. Use a new token',
  )
