/** An error that the operator can fix. The message says what is wrong and what to do next. Any other error of a command is a bug. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
  /** Exit code of the process: 2 for a wrong command line or configuration, 1 for any other failure. */
  readonly exitCode: 1 | 2

  constructor(message: string, options: { cause?: unknown; exitCode?: 1 | 2 } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.exitCode = options.exitCode ?? 1
  }
}
