/** The errors of bearer tokens (developer guide, "OIDC authentication for DICOMweb"). Clients receive AWS's words, the log has the reason. */
import { ContractError, type ErrorName } from '../../contract/errors.ts'

const ERRORS = {
  misconfigured: ['AuthorizerMisconfigurationException', 'Authorizer Misconfiguration'],
  failed: ['AuthorizerFailedException', 'Authorizer Failed'],
  elsewhere: ['AuthorizerCrossAccountException', 'Authorizer Cross Account/Cross Region Access'],
  timeout: ['AuthorizerTimeoutException', 'Authorizer Timeout'],
  'invalid token': ['InvalidTokenException', 'Invalid or Expired Token'],
  denied: ['AccessDeniedException', 'Access Denied'],
  'too many': ['ThrottlingException', 'Too many requests'],
} as const satisfies Record<string, readonly [ErrorName, string]>

type AuthorizerFault = keyof typeof ERRORS

/** Why a bearer token was not accepted. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused'
  readonly fault: AuthorizerFault
  /** Of the authorizer that decided; undefined if none was found or needed. */
  readonly authorizerArn: string | undefined

  /** @param reason for the log of the operator: without a part of the token */
  constructor(fault: AuthorizerFault, reason: string, authorizerArn?: string) {
    super(reason)
    this.fault = fault
    this.authorizerArn = authorizerArn
  }

  by(authorizerArn: string): TokenRefused {
    return new TokenRefused(this.fault, this.message, authorizerArn)
  }

  /** Whether the authorizer has to be repaired, and not the token. */
  get isOfAuthorizer(): boolean {
    return !['invalid token', 'denied', 'too many'].includes(this.fault)
  }

  /** Whether it was decided that the token opens nothing. One that is refused by its own text or dates was not looked up. */
  get isDecided(): boolean {
    return this.fault === 'denied' || (this.fault === 'invalid token' && this.authorizerArn !== undefined)
  }

  toContractError(): ContractError {
    const [name, message] = ERRORS[this.fault]
    return new ContractError(name, message, { cause: this })
  }
}

/** Undefined for every other error. */
export const tokenRefusalIn = (error: unknown): TokenRefused | undefined =>
  error instanceof ContractError && error.cause instanceof TokenRefused ? error.cause : undefined
