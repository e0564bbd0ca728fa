/**
 * The handler of an operation: a function from input to output. Generic in the App, since the contract imports no other module.
 */
import type { Input, OperationName, Returned } from './operations.ts'

/** The prefix of headers beyond the AWS API, in requests and replies (docs/extensions.md). */
export type ExtensionHeader = `x-hilum-${string}`

/** Extension headers that an operation may read from its request and add to its reply. */
export interface ReplyNotes {
  readonly requestHeaders: (name: ExtensionHeader) => string | undefined
  readonly replyHeaders: Record<ExtensionHeader, string>
}

export type Handler<N extends OperationName, App> = (
  input: Input<N>,
  app: App,
  reply: ReplyNotes,
) => Promise<Returned<N>>

export type Handlers<App> = { readonly [N in OperationName]: Handler<N, App> }
