/**
 * Does one thing with each of many items: a few at a time, with waits while the server asks for them. It goes on after failures, and ends
 * early when it is cancelled or when no further request can succeed.
 */

/** More at a time would not be faster: the server deletes one after the other. */
const IN_FLIGHT = 6
/** Failures that are kept for the list. Others are counted. */
export const FAILURES_KEPT = 1_000
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 30_000
/** With the waits in between, about three minutes. */
const ATTEMPTS = 12

export interface Failure {
  readonly id: string
  readonly reason: string
}

export interface Progress {
  readonly done: number
  readonly failed: number
  /** The first ones, up to FAILURES_KEPT. */
  readonly failures: readonly Failure[]
  /** Whether requests wait because the server has too many, or does not answer. */
  readonly isWaiting: boolean
}

export const NO_PROGRESS: Progress = { done: 0, failed: 0, failures: [], isWaiting: false }

interface Options<Item> {
  readonly idOf: (item: Item) => string
  readonly signal: AbortSignal
  /** Of earlier items of the same task. */
  readonly from?: Progress
  readonly onProgress: (progress: Progress) => void
  /** For tests. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** @throws the first error after which no request can succeed, such as that of expired credentials; an AbortError if it was cancelled */
export async function runEach<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  act: (item: Item, signal: AbortSignal) => Promise<unknown>,
  { idOf, signal, from = NO_PROGRESS, onProgress, wait = waitFor }: Options<Item>,
): Promise<Progress> {
  const ended = new AbortController()
  const all = AbortSignal.any([signal, ended.signal])
  const source = iteratorOf(items)
  let progress = from
  let waiting = 0
  const report = (changes: Partial<Progress>) => {
    progress = { ...progress, ...changes, isWaiting: waiting > 0 }
    onProgress(progress)
  }

  async function actWithWaits(item: Item): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      all.throwIfAborted()
      try {
        await act(item, all)
        return
      } catch (error) {
        all.throwIfAborted()
        if (!isTemporary(error) || attempt === ATTEMPTS) throw error
        waiting += 1
        report({})
        try {
          await wait(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)), all)
        } finally {
          waiting -= 1
        }
      }
    }
  }

  async function work(): Promise<void> {
    for (;;) {
      all.throwIfAborted()
      const { done: isEnd, value } = await source.next()
      if (isEnd) return
      try {
        await actWithWaits(value)
        report({ done: progress.done + 1 })
      } catch (error) {
        all.throwIfAborted()
        if (isFinal(error)) throw error
        const failure = { id: idOf(value), reason: reasonOf(error) }
        const failures = progress.failures.length < FAILURES_KEPT ? [...progress.failures, failure] : progress.failures
        report({ failed: progress.failed + 1, failures })
      }
    }
  }

  const workers = Array.from({ length: IN_FLIGHT }, () =>
    work().catch((error: unknown) => {
      ended.abort(error)
      throw error
    }),
  )
  await Promise.allSettled(workers)
  await source.return?.()
  all.throwIfAborted()
  return progress
}

/** One item at a time. */
function iteratorOf<Item>(items: AsyncIterable<Item> | Iterable<Item>): AsyncIterator<Item, undefined> {
  async function* each(): AsyncGenerator<Item, undefined> {
    yield* items
  }
  return each()
}

const TEMPORARY = ['ThrottlingException', 'ServiceUnavailableException', 'TimeoutError', 'NetworkError']

const isTemporary = (error: unknown): boolean => {
  const { name = '', message = '' } = error as Partial<Error>
  return TEMPORARY.includes(name) || (error instanceof TypeError && /fetch|network|load failed/i.test(message))
}

const FINAL = [
  ...['UnrecognizedClientException', 'ExpiredTokenException', 'InvalidSignatureException', 'RequestTimeTooSkewed'],
  ...TEMPORARY,
]

/** Of other items too. A temporary error is one after all attempts. */
const isFinal = (error: unknown): boolean => FINAL.includes((error as Partial<Error>).name ?? '') || isTemporary(error)

const reasonOf = (error: unknown): string => {
  const { name = 'Error', message = '' } = error as Partial<Error>
  return message === '' || message === name ? name : message.replace(/[.]?$/, '.')
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}
