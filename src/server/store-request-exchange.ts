/**
 * Store requests between the thread or process that receives them, and the one that stores their files. Each request has a carrier. One
 * message at a time is under way, and the next is sent when it was answered: a client sends no faster than its files are stored.
 */
import type { Log } from '../app.ts'
import { ContractError, TemporarilyUnavailable } from '../contract/errors.ts'
import type { StoreRequest, StoreRequestOptions, StoreRequests } from '../contract/store-requests.ts'
import { StoreRequestsEnding } from '../jobs/store-requests/store-requests.ts'
import type { Answer, Carrier, Question } from './store-request-carrier.ts'

const MESSAGE_BYTES = 256 * 1024

const ended = () => new StoreRequestsEnding('the worker that stores files ended; send the request again')

/** @throws ContractError, TemporarilyUnavailable; StoreRequestsEnding if the other end is gone */
export async function openStoreRequest(
  carrier: Carrier<Question, Answer>,
  options: StoreRequestOptions,
): Promise<StoreRequest> {
  let waiting: PromiseWithResolvers<Answer> | undefined
  let isClosed = false
  carrier.onMessage((answer) => waiting?.resolve(answer))
  carrier.onClose(() => {
    isClosed = true
    waiting?.reject(ended())
  })

  async function ask(question: Question): Promise<Answer> {
    if (isClosed) throw ended()
    waiting = Promise.withResolvers<Answer>()
    carrier.send(question)
    const answer = await waiting.promise
    if (answer.kind === 'ending') throw ended()
    if (answer.kind !== 'refused') return answer
    const { name, message, retryAfterSeconds } = answer
    throw name === undefined
      ? new TemporarilyUnavailable(message)
      : new ContractError(name, message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds })
  }

  try {
    await ask({ kind: 'open', options })
  } catch (error) {
    carrier.close()
    throw error
  }
  return {
    async add(bytes) {
      let buffered: Uint8Array[] = []
      let bufferedBytes = 0
      const taken = () => {
        const all = Buffer.allocUnsafeSlow(bufferedBytes)
        let at = 0
        for (const chunk of buffered) {
          all.set(chunk, at)
          at += chunk.length
        }
        buffered = []
        bufferedBytes = 0
        return all
      }
      try {
        for await (const chunk of bytes) {
          if (bufferedBytes + chunk.length > MESSAGE_BYTES) await ask({ kind: 'bytes', bytes: taken(), next: 'more' })
          buffered.push(chunk)
          bufferedBytes += chunk.length
        }
      } catch (error) {
        if (!isClosed) await ask({ kind: 'bytes', bytes: taken(), next: 'drop' })
        throw error
      }
      await ask({ kind: 'bytes', bytes: taken(), next: 'end' })
    },
    async finish() {
      try {
        const answer = await ask({ kind: 'finish' })
        return answer.kind === 'finished' ? answer.outcomes : []
      } finally {
        carrier.close()
      }
    },
    abort: () => carrier.close(),
  }
}

class FileDropped extends Error {}

/** At the end that stores. */
export async function serveStoreRequest(
  { requests, log }: { readonly requests: StoreRequests; readonly log: Log },
  carrier: Carrier<Answer, Question>,
): Promise<void> {
  const questions: Question[] = []
  let wake: () => void = () => {}
  let isClosed = false
  carrier.onMessage((question) => {
    questions.push(question)
    wake()
  })
  carrier.onClose(() => {
    isClosed = true
    wake()
  })
  async function nextQuestion(): Promise<Question | undefined> {
    while (questions.length === 0 && !isClosed) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return questions.shift()
  }
  const answer = (each: Answer) => carrier.send(each)

  async function* bytesOf(first: Extract<Question, { kind: 'bytes' }>): AsyncGenerator<Uint8Array> {
    for (let message: Question | undefined = first; ; ) {
      if (message?.kind !== 'bytes' || message.next === 'drop') throw new FileDropped()
      yield message.bytes
      if (message.next === 'end') return
      answer({ kind: 'taken' })
      message = await nextQuestion()
    }
  }

  let request: StoreRequest | undefined
  try {
    const first = await nextQuestion()
    if (first?.kind !== 'open') return
    request = await requests.open(first.options)
    answer({ kind: 'taken' })
    for (;;) {
      const question = await nextQuestion()
      if (question === undefined) return
      if (question.kind === 'finish') {
        answer({ kind: 'finished', outcomes: await request.finish() })
        return
      }
      if (question.kind === 'open') return
      try {
        await request.add(bytesOf(question), { isOwn: true })
      } catch (error) {
        if (!(error instanceof FileDropped)) throw error
      }
      answer({ kind: 'taken' })
    }
  } catch (error) {
    const name = error instanceof ContractError ? error.name : undefined
    const isExpected = name !== undefined || error instanceof TemporarilyUnavailable
    const retryAfterSeconds = error instanceof ContractError ? error.retryAfterSeconds : undefined
    const message = isExpected ? (error as Error).message : 'store requests were interrupted'
    answer(
      error instanceof StoreRequestsEnding ? { kind: 'ending' } : { kind: 'refused', name, message, retryAfterSeconds },
    )
    if (!isExpected) log.error({ err: error }, 'a store request failed')
  } finally {
    request?.abort()
    carrier.close()
  }
}
