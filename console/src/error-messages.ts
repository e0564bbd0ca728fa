/** Turns errors into messages for the screen: what happened, and what the person can do next. */
import { asSentence, capitalized } from './format/text.ts'

export interface ErrorMessage {
  readonly title: string
  readonly description: string
  /** `unreachable`: no answer, so the request is retried. `credentials`: only another access key helps. `key`: only the
   * owner of the customer's KMS key can help. */
  readonly kind: 'unreachable' | 'credentials' | 'key' | 'other'
  /** Of `key`. */
  readonly keyArn?: string
  /** What the policy of the key lacks, as JSON. */
  readonly statement?: string
}

/** What the failed request was for. */
export interface ErrorContext {
  /** Completes "Can't …". */
  readonly action?: string
  readonly resource?: { readonly type: string; readonly id: string }
}

export function errorMessageOf(error: unknown, { action, resource }: ErrorContext = {}): ErrorMessage {
  const { name = '', message = '' } = error as Partial<Error>
  const failed = action === undefined ? undefined : `Can't ${action}`
  const reason = asSentence(message)
  switch (name) {
    case 'UnrecognizedClientException':
      return credentials('Access key not found', 'Sign in again with the access key that `hilum env` prints.')
    case 'ExpiredTokenException':
      return credentials('Your session has expired', 'Sign in again. For a link, run `hilum console` on the server.')
    case 'InvalidSignatureException':
      return credentials(
        'Incorrect secret access key',
        'Sign in again. Copy both values from the output of `hilum env`, without spaces before or after them.',
      )
    case 'RequestTimeTooSkewed':
      return other(
        "This computer's clock and the server's clock are too far apart",
        'Set the clock of this computer, and then try again.',
      )
    case 'AccessDeniedException':
      return keyRefusalOf(message) ?? credentials(failed ?? 'Access denied', reason)
    case 'ResourceNotFoundException':
      return resource === undefined
        ? other(failed ?? 'Resource not found', `${reason} It might have been deleted.`.trim())
        : other(
            `${capitalized(resource.type)} not found`,
            `No ${resource.type} has the ID ${resource.id}. It might have been deleted.`,
          )
    case 'NotImplementedException':
      return other("This server doesn't support this operation", reason)
    case 'ConflictException':
      return other(failed ?? 'The request conflicts with the current state of the resource', reason)
    case 'ThrottlingException':
      return other('Too many requests', 'Wait a few seconds, and then try again.')
    case 'ServiceQuotaExceededException':
      return other('Quota exceeded', reason)
    case 'ValidationException':
      return other(failed ?? 'Invalid request', reason)
    case 'ServiceUnavailableException':
      return { kind: 'unreachable', title: "The server can't reach its data", description: 'Retrying automatically.' }
    case 'InternalServerException':
      return other('Server error', `${reason} Try again. If the error persists, check the server log.`.trim())
  }
  if (isUnreachable(error)) {
    const description = 'The server might be stopped or restarting. Retrying automatically.'
    return { kind: 'unreachable', title: "Can't connect to the server", description }
  }
  return other(failed ?? 'Something went wrong', reason === '' ? 'Try again.' : reason)
}

/** The server refuses a data store whose KMS key the service may not use (src/security/keys/data-keys.ts). */
function keyRefusalOf(message: string): ErrorMessage | undefined {
  const title = "The KMS key of this data store can't be used"
  const refused = /^The policy of the KMS key (\S+) does not grant .*: (\{.*\})\.?$/s.exec(message)
  if (refused !== null) {
    const description = `The policy of the key ${refused[1]} doesn't let Hilum use it. The owner of the key has to add this statement to the policy:`
    const statement = JSON.stringify(JSON.parse(refused[2]!), undefined, 2)
    return { kind: 'key', title, description, keyArn: refused[1]!, statement }
  }
  const keyArn = /^The KMS key (\S+) /.exec(message)?.[1]
  return keyArn === undefined ? undefined : { kind: 'key', title, description: asSentence(message), keyArn }
}

/** How `fetch` of the browsers and the SDK report that no answer arrived. */
function isUnreachable(error: unknown): boolean {
  const { name, message = '' } = error as Partial<Error>
  if (name === 'TimeoutError' || name === 'NetworkError') return true
  return error instanceof TypeError && /fetch|network|load failed/i.test(message)
}

const credentials = (title: string, description: string): ErrorMessage => ({ kind: 'credentials', title, description })
const other = (title: string, description: string): ErrorMessage => ({ kind: 'other', title, description })
