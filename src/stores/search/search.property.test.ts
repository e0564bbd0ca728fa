/** Searches of one catalog, on both engines, agree with their model. */
import { catalogKinds } from '../partitioned/catalog-kinds.fixture.ts'
import { describeSearches } from './search.conformance.ts'

for (const kind of await catalogKinds()) {
  // Fewer on PostgreSQL, where each statement is a round trip.
  const [storesRead, storesWritten] = kind.engine === 'SQLite' ? [6, 4] : [1, 1]
  if (kind.partitions === 1) describeSearches(kind, { storesRead, storesWritten, searches: 150 })
}
