/** What one check of hilum doctor found, and how to fix it. */

export interface Finding {
  readonly subject: string
  /** `warn`: it works, but not for everyone or not for long. */
  readonly state: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to type or to do, one way a line. */
  readonly fixes?: readonly string[]
}
