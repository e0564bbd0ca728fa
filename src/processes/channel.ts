/** One end of the channel between the primary and another process: messages, and calls that are answered. */
import type { ChildProcess } from 'node:child_process'
import { TemporarilyUnavailable } from '../contract/errors.ts'
import type { FromProcess, PrimaryCalls, ProcessCalls, ToProcess } from './messages.ts'

type Calls = Readonly<Record<string, (input: never) => unknown>>

/** Functions that answer calls, at once or later. */
export type Answers<C extends Calls> = {
  readonly [N in keyof C]: (input: Parameters<C[N]>[0]) => ReturnType<C[N]> | Promise<ReturnType<C[N]>>
}

type Envelope =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly input: unknown }
  | { readonly kind: 'result'; readonly id: number; readonly output: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly message: string; readonly isTemporary: boolean }

interface Channel<Sent, Called extends Calls> {
  /** Does nothing when the other process has ended. Resolves when the message has left this process. */
  send(message: Sent): Promise<void>
  /** @throws TemporarilyUnavailable if the other process ends before it answers */
  call<N extends keyof Called & string>(name: N, input: Parameters<Called[N]>[0]): Promise<ReturnType<Called[N]>>
}

type Other = Pick<ChildProcess, 'on' | 'connected'> & {
  send?(message: object, done: (error: Error | null) => void): boolean
}

function openChannel<Sent extends object, Received extends object, Called extends Calls, Answered extends Calls>(
  other: Other,
  { onMessage, answers }: { readonly onMessage: (message: Received) => void; readonly answers: Answers<Answered> },
): Channel<Sent, Called> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let calls = 0
  const ended = () => new TemporarilyUnavailable('a process of the server has ended')
  // A failure to send is followed by the end of the channel.
  const send = (message: object): Promise<void> =>
    new Promise((resolve) => {
      if (other.connected) other.send?.(message, () => resolve())
      else resolve()
    })

  async function answer({ id, name, input }: Envelope & { readonly kind: 'call' }): Promise<void> {
    try {
      await send({ kind: 'result', id, output: await answers[name]!(input as never) } satisfies Envelope)
    } catch (error) {
      const isTemporary = error instanceof TemporarilyUnavailable
      void send({ kind: 'error', id, message: (error as Error).message, isTemporary } satisfies Envelope)
    }
  }

  other.on('message', (message) => {
    const received = message as Envelope | Received
    if (!('kind' in received)) return
    switch (received.kind) {
      case 'call':
        void answer(received as Envelope & { readonly kind: 'call' })
        return
      case 'result':
      case 'error': {
        const envelope = received as Exclude<Envelope, { kind: 'call' }>
        const waiter = waiting.get(envelope.id)
        waiting.delete(envelope.id)
        if (envelope.kind === 'result') waiter?.resolve(envelope.output)
        else {
          const { message: text, isTemporary } = envelope
          waiter?.reject(isTemporary ? new TemporarilyUnavailable(text) : new Error(text))
        }
        return
      }
      default:
        onMessage(received as Received)
    }
  })
  other.on('disconnect', () => {
    for (const waiter of waiting.values()) waiter.reject(ended())
    waiting.clear()
  })
  return {
    send,
    call(name, input) {
      if (!other.connected) return Promise.reject(ended())
      const waiter = Promise.withResolvers<unknown>()
      const id = ++calls
      waiting.set(id, waiter)
      // An input that cannot be cloned is an error of the caller.
      send({ kind: 'call', id, name, input } satisfies Envelope).catch(waiter.reject)
      return waiter.promise as Promise<never>
    },
  }
}

export type ProcessChannel = Channel<ToProcess, ProcessCalls>
export type PrimaryChannel = Channel<FromProcess, PrimaryCalls>

/** In the primary, to another process. */
export const channelToProcess = (
  child: ChildProcess,
  how: { readonly onMessage: (message: FromProcess) => void; readonly answers: Answers<PrimaryCalls> },
): ProcessChannel => openChannel<ToProcess, FromProcess, ProcessCalls, PrimaryCalls>(child, how)

/** In another process, to the primary. */
export const channelToPrimary = (how: {
  readonly onMessage: (message: ToProcess) => void
  readonly answers: Answers<ProcessCalls>
}): PrimaryChannel => openChannel<FromProcess, ToProcess, PrimaryCalls, ProcessCalls>(process as unknown as Other, how)
