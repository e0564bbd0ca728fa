/** The one error that says a store cannot be used just now, whichever store it is. It carries no value and no key of a caller. */

import { TemporarilyUnavailable } from '../contract/errors.ts'

export type UnavailableReason = 'full' | 'read-only' | 'access' | 'busy' | 'corrupt' | 'away'

const IN_WORDS: Readonly<Record<UnavailableReason, string>> = {
  full: 'has no space left',
  'read-only': 'can only be read',
  access: 'may not be used by this process',
  busy: 'was locked by another process for too long',
  corrupt: 'is damaged',
  away: 'cannot be reached',
}

export class StoreUnavailable extends TemporarilyUnavailable {
  override readonly name = 'StoreUnavailable'
  readonly reason: UnavailableReason
  /** Of the library below, such as ENOSPC. */
  readonly code: string

  /** `store` is the subject of the sentence: "the catalog". */
  constructor(failure: { store: string; reason: UnavailableReason; code: string }, options?: { cause?: unknown }) {
    super(`${failure.store} ${IN_WORDS[failure.reason]} (${failure.code})`, options)
    this.reason = failure.reason
    this.code = failure.code
  }
}
