/** What the database says of its own files. */
import type { Looking, Step } from './verify-steps.ts'

export async function* verifyIntegrity({ catalog, isQuick }: Looking): AsyncGenerator<Step> {
  for await (const { done, total, faults, notChecked } of catalog.integrity({ isQuick })) {
    const differences = faults.map((text) => ({ kind: 'database-damaged', text: `database: ${text}` }))
    yield { done, total, checked: { 'tables and indexes': done }, differences, ...(notChecked && { notChecked }) }
  }
}
