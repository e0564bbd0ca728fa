/** Authorizers of bearer tokens. The library for tokens is loaded with the first one: a server without tokens does not need its 10 MB. */
import type { Caller } from '../callers/caller.ts'
import { TokenRefused } from './authorizer-error.ts'
import type { TokenOptions, TokenRequest } from './decide-tokens.ts'

export interface Authorizers {
  /** Whether an authorizer is configured for the ARN of a Lambda function. */
  has(lambdaAuthorizerArn: string): boolean
  /** Who sent a bearer token, and what that caller may do. @throws ContractError */
  authenticate(request: TokenRequest): Promise<Caller>
}

export function openAuthorizers(options: TokenOptions): Authorizers {
  const { authorizers = {} } = options
  let loading: Promise<(request: TokenRequest) => Promise<Caller>> | undefined
  const load = async () => {
    const { openTokenDecisions } = await import('./decide-tokens.ts')
    return openTokenDecisions(options)
  }
  return {
    has: (arn) => Object.hasOwn(authorizers, arn),
    async authenticate(request) {
      try {
        loading ??= load()
        const decide = await loading
        return await decide(request)
      } catch (error) {
        throw error instanceof TokenRefused ? error.toContractError() : error
      }
    },
  }
}

/** The token of an Authorization header; undefined if the header has another scheme. It may be empty. */
export const bearerTokenOf = (authorization: string | undefined): string | undefined =>
  authorization === undefined ? undefined : /^Bearer(?: +|$)(.*)$/i.exec(authorization)?.[1]
