/** Checks that each partition of the catalog answers. */
import type { Catalog } from '../../stores/catalog/catalog.ts'
import type { Finding } from './finding.ts'

const TIMEOUT_MS = 5_000

/** Nothing for a catalog without partitions. */
export async function checkPartitions(catalog: Pick<Catalog, 'parts' | 'awayPartitions'>): Promise<Finding[]> {
  const subject = 'partitions'
  const count = (await catalog.parts()).length - 1
  if (count === 0) return []
  const away = await catalog.awayPartitions({ timeoutMs: TIMEOUT_MS })
  if (away.length === 0) return [{ subject, state: 'ok', detail: count === 1 ? 'it answers' : `all ${count} answer` }]
  const detail = `${away.map((number) => `partition ${number}`).join(', ')} of ${count} ${away.length === 1 ? 'does' : 'do'} not answer`
  return [{ subject, state: 'fail', detail, fixes: ['hilum partitions shows where they are, and why they do not.'] }]
}
