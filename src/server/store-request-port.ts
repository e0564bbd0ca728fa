/**
 * Store requests between the thread of the server, which receives them, and an import thread, which stores their files. Each request has a
 * port. One message at a time is under way, and the next is sent when it was answered: a client sends no faster than its files are stored.
 */
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads'
import type { Log } from '../app.ts'
import { ContractError, type ErrorName, TemporarilyUnavailable } from '../contract/errors.ts'
import type { StoreOutcome, StoreRequest, StoreRequestOptions, StoreRequests } from '../contract/store-requests.ts'
import { StoreRequestsEnding } from '../jobs/store-requests/store-requests.ts'

/** Sent to the import thread with its port. */
export interface OpenedPort {
  readonly port: MessagePort
  readonly options: StoreRequestOptions
}

/** `end`: of a file; `drop`: its bytes threw. */
type Question =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer>; readonly next: 'more' | 'end' | 'drop' }
  | { readonly kind: 'finish' }

type Answer =
  | { readonly kind: 'taken' }
  | { readonly kind: 'finished'; readonly outcomes: readonly StoreOutcome[] }
  | { readonly kind: 'refused'; readonly name: ErrorName | undefined; readonly message: string }
  | { readonly kind: 'ending' }

const MESSAGE_BYTES = 256 * 1024

const ended = () => new StoreRequestsEnding('an import thread ended')

/** @throws ContractError, TemporarilyUnavailable; StoreRequestsEnding if the thread ends */
export async function openStoreRequest(thread: Worker, options: StoreRequestOptions): Promise<StoreRequest> {
  if (thread.threadId < 0) throw ended()
  const { port1: port, port2 } = new MessageChannel()
  let waiting: PromiseWithResolvers<Answer> | undefined
  let isClosed = false
  port.on('message', (answer: Answer) => waiting?.resolve(answer))
  const onExit = () => {
    isClosed = true
    waiting?.reject(ended())
    thread.off('exit', onExit)
  }
  port.on('close', onExit)
  thread.on('exit', onExit)

  async function answerTo(ask: () => void): Promise<Answer> {
    if (isClosed) throw ended()
    waiting = Promise.withResolvers<Answer>()
    ask()
    const answer = await waiting.promise
    if (answer.kind === 'ending') throw ended()
    if (answer.kind !== 'refused') return answer
    const { name, message } = answer
    throw name === undefined ? new TemporarilyUnavailable(message) : new ContractError(name, message)
  }
  // The memory of the bytes goes with them.
  const ask = (question: Question) =>
    answerTo(() => port.postMessage(question, question.kind === 'bytes' ? [question.bytes.buffer] : []))
  const close = () => {
    thread.off('exit', onExit)
    port.close()
  }

  try {
    const opened: OpenedPort = { port: port2, options }
    await answerTo(() => thread.postMessage(opened, [port2]))
  } catch (error) {
    close()
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
        close()
      }
    },
    abort: close,
  }
}

class FileDropped extends Error {}

/** In the import thread. */
export async function serveStoreRequest(
  { requests, log }: { readonly requests: StoreRequests; readonly log: Log },
  { port, options }: OpenedPort,
): Promise<void> {
  const questions: Question[] = []
  let wake: () => void = () => {}
  let isClosed = false
  port.on('message', (question: Question) => {
    questions.push(question)
    wake()
  })
  port.on('close', () => {
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
  const answer = (each: Answer) => port.postMessage(each)

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
    request = await requests.open(options)
    answer({ kind: 'taken' })
    for (;;) {
      const question = await nextQuestion()
      if (question === undefined) return
      if (question.kind === 'finish') {
        answer({ kind: 'finished', outcomes: await request.finish() })
        return
      }
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
    const message = isExpected ? (error as Error).message : 'store requests were interrupted'
    answer(error instanceof StoreRequestsEnding ? { kind: 'ending' } : { kind: 'refused', name, message })
    if (!isExpected) log.error({ err: error }, 'a store request failed')
  } finally {
    request?.abort()
    port.close()
  }
}
