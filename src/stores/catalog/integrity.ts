/** What the database itself says of its own files: whether pages, tables and indexes are as it wrote them. */
export interface IntegrityStep {
  /** Of the objects that are looked at: tables and indexes, or what the database counts. */
  readonly done: number
  readonly total: number
  readonly faults: readonly string[]
  /** Why nothing was looked at, and what helps. */
  readonly notChecked?: string
}
