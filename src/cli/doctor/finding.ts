/** The result of one check of `hilum doctor`, and its fixes. */

export interface Finding {
  readonly subject: string
  /** `warn`: it works, but not for every client, or not for long. */
  readonly state: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** Alternative fixes: commands or sentences. */
  readonly fixes?: readonly string[]
}
