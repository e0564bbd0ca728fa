/** Progress and faults of the database's own check of its pages, tables and indexes. */
export interface IntegrityStep {
  /** Tables and indexes checked so far. */
  readonly done: number
  readonly total: number
  readonly faults: readonly string[]
  /** The reason why nothing was checked, and how to enable the check. */
  readonly notChecked?: string
}
