/** What carries the questions and answers of one store request: a port between two threads here, or a socket between two processes. */
import type { MessagePort, Worker } from 'node:worker_threads'
import type { ErrorName } from '../contract/errors.ts'
import type { StoreOutcome, StoreRequestOptions } from '../contract/store-requests.ts'

/** `end`: of a file; `drop`: its bytes threw. */
export type Question =
  | { readonly kind: 'open'; readonly options: StoreRequestOptions }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer>; readonly next: 'more' | 'end' | 'drop' }
  | { readonly kind: 'finish' }

export type Answer =
  | { readonly kind: 'taken' }
  | { readonly kind: 'finished'; readonly outcomes: readonly StoreOutcome[] }
  | {
      readonly kind: 'refused'
      readonly name: ErrorName | undefined
      readonly message: string
      readonly retryAfterSeconds: number | undefined
    }
  | { readonly kind: 'ending' }

/** One end. */
export interface Carrier<Sent, Received> {
  /** The memory of bytes goes with them. Does nothing when it is closed. */
  send(message: Sent): void
  onMessage(listener: (message: Received) => void): void
  /** The other end has closed it, or has died; called once, or not at all after `close`. */
  onClose(listener: () => void): void
  close(): void
}

/** @param thread of the other end, which may die */
export function portCarrier<Sent extends Question | Answer, Received>(
  port: MessagePort,
  thread?: Worker,
): Carrier<Sent, Received> {
  let isClosed = false
  let ended = () => {}
  const onEnd = () => {
    thread?.off('exit', onEnd)
    if (isClosed) return
    isClosed = true
    ended()
  }
  port.on('close', onEnd)
  thread?.on('exit', onEnd)
  return {
    send: (message) => port.postMessage(message, message.kind === 'bytes' ? [message.bytes.buffer] : []),
    onMessage: (listener) => port.on('message', listener),
    onClose(listener) {
      ended = listener
    },
    close() {
      isClosed = true
      thread?.off('exit', onEnd)
      port.close()
    },
  }
}
