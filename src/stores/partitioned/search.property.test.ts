/** Searches of a data store whose studies are in several partitions agree with the model of searches, which knows of none. */
import { describeSearches } from '../search/search.conformance.ts'
import { catalogKinds } from './catalog-kinds.fixture.ts'

for (const kind of await catalogKinds()) {
  // Fewer on PostgreSQL, where each statement is a round trip in each partition.
  const searches = kind.engine === 'SQLite' ? 100 : 30
  if (kind.partitions > 1) describeSearches(kind, { storesRead: 1, storesWritten: 1, searches })
}
