/**
 * What the person who runs Hilum can mend. The message is whole sentences: what is wrong, and what to do next. Everything else that
 * is thrown on the command line is our own bug.
 */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
  /** Of the process: 2 where the command line or the configuration is wrong, 1 where the work failed. */
  readonly exitCode: 1 | 2

  constructor(message: string, options: { cause?: unknown; exitCode?: 1 | 2 } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.exitCode = options.exitCode ?? 1
  }
}
