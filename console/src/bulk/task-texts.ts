/** What a task on many image sets is called in its notification. */
import type { TaskKind } from './tasks.ts'

export const TASKS: Readonly<
  Record<TaskKind, { readonly running: string; readonly done: string; readonly noun: string }>
> = {
  delete: { running: 'Deleting image sets', done: 'deleted', noun: 'image set' },
  empty: { running: 'Emptying the data store', done: 'deleted', noun: 'image set' },
  tag: { running: 'Changing tags', done: 'tagged', noun: 'image set' },
  csv: { running: 'Reading rows for the CSV file', done: 'in the CSV file', noun: 'row' },
}
