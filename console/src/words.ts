/** What went wrong, in words for the person at the screen, and what to do next. */

export interface Words {
  readonly title: string
  readonly advice: string
  /** `away`: nobody answered, and trying again may help by itself. `key`: only another access key helps. */
  readonly kind: 'away' | 'key' | 'other'
}

export function wordsFor(error: unknown): Words {
  const { name = '', message = '' } = error as Partial<Error>
  switch (name) {
    case 'UnrecognizedClientException':
      return key('This server does not know the access key', 'Sign in again with the key that `hilum env` prints.')
    case 'InvalidSignatureException':
      return key(
        'The secret does not belong to the access key',
        'Sign in again: copy both values anew from `hilum env`, without white space around them.',
      )
    case 'RequestTimeTooSkewed':
      return other("This machine's clock and the server's are too far apart", 'Set the clock, then try again.')
    case 'AccessDeniedException':
      return key('This access key may not do that', message)
    case 'ResourceNotFoundException':
      return other('It is not there', `${message} It may have been deleted, or the link may be of another server.`)
    case 'NotImplementedException':
      return other('This server cannot do that yet', message)
    case 'ConflictException':
      return other('It is busy, or not in a state for this', `${message} Wait a moment and try again.`)
    case 'ThrottlingException':
      return other('Too many requests at once', 'Wait a moment and try again.')
    case 'ServiceQuotaExceededException':
      return other('That is more than this server allows', message)
    case 'ValidationException':
      return other('The server does not take this', message)
    case 'ServiceUnavailableException':
      return { kind: 'away', title: 'The server cannot reach its store', advice: 'It is tried again by itself.' }
    case 'InternalServerException':
      return other('The server failed to answer', `${message} Its log says why. Trying again may help.`)
  }
  if (isAway(error)) {
    const advice = 'It may be stopped or restarting. It is tried again by itself; nothing is lost.'
    return { kind: 'away', title: 'The server does not answer', advice }
  }
  return other('That did not work', message === '' ? 'Try again.' : message)
}

/** How the browsers' fetch and the SDK say that there was no answer at all. */
function isAway(error: unknown): boolean {
  const { name, message = '' } = error as Partial<Error>
  if (name === 'TimeoutError' || name === 'NetworkError') return true
  return error instanceof TypeError && /fetch|network|load failed/i.test(message)
}

const key = (title: string, advice: string): Words => ({ kind: 'key', title, advice })
const other = (title: string, advice: string): Words => ({ kind: 'other', title, advice })
