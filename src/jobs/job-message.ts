/** The message of a failed job or image set, in the characters that the API allows. */
import { ContractError } from '../contract/errors.ts'
import { JobFailed } from './job-failed.ts'

/** Replaces characters that do not match the contract's Message pattern, and truncates to its length. */
export const asJobMessage = (text: string): string => text.replace(/[^\w -:`]/g, ' ').slice(0, 2048)

export const failureMessageOf = (cause: unknown): string =>
  asJobMessage(
    cause instanceof JobFailed || cause instanceof ContractError
      ? cause.message
      : 'The import job failed on the server. Start it again',
  )
