/** Logs the errors of operations that are faults of the server. */
import type { Log } from '../../app.ts'
import { type ContractError, type ErrorName, isProtocolError, TemporarilyUnavailable } from '../../contract/errors.ts'

interface FaultContext {
  readonly operation: string
  readonly requestId: string
  /** The errors that the operation models. */
  readonly modelled: readonly ErrorName[]
  readonly log: Log
}

export function logServerFault(error: ContractError, { operation, requestId, modelled, log }: FaultContext): void {
  if (error.name === 'InternalServerException') {
    log.error({ operation, requestId, stack: stackOf(error.cause ?? error) }, 'an operation failed')
  } else if (error.cause instanceof TemporarilyUnavailable) {
    log.error({ operation, requestId, reason: error.cause.message }, 'an operation could not use a store')
  } else if (!isProtocolError(error.name) && !modelled.includes(error.name)) {
    log.error({ operation, requestId, error: error.name }, 'an operation returned an error that it does not model')
  }
}

/** A SyntaxError of JSON.parse quotes the text, which may hold a patient's values: only its name and stack frames are logged. */
function stackOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return typeof cause
  return cause instanceof SyntaxError ? cause.stack?.replace(/^.*?(?=\n {4}at )/s, cause.name) : cause.stack
}
