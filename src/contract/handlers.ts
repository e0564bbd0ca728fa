/**
 * What stands behind an operation: a function from its input to its output. Generic in what the functions are given to work with,
 * since the contract knows nothing of the rooms below it.
 */
import type { Input, OperationName, Output } from './operations.ts'

/** Headers beyond AWS's API carry this prefix, in requests and in replies. */
export type ExtensionHeader = `x-hilum-${string}`

/** What an operation may read of its request, and add to its reply, beside the modelled members. */
export interface ReplyNotes {
  readonly requestHeaders: (name: ExtensionHeader) => string | undefined
  readonly replyHeaders: Record<ExtensionHeader, string>
}

export type Handler<N extends OperationName, App> = (input: Input<N>, app: App, reply: ReplyNotes) => Promise<Output<N>>

export type Handlers<App> = { readonly [N in OperationName]: Handler<N, App> }
