/** Reports the result of the database's own check. */
import type { Step, Verification } from './verify-steps.ts'

export async function* verifyIntegrity({ catalog, isQuick }: Verification): AsyncGenerator<Step> {
  for await (const { done, total, faults, notChecked } of catalog.integrity({ isQuick })) {
    const differences = faults.map((text) => ({ kind: 'database-damaged', text: `database: ${text}` }))
    yield { done, total, checked: { 'tables and indexes': done }, differences, ...(notChecked && { notChecked }) }
  }
}
