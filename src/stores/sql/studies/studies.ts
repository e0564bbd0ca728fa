/** Studies in SQL. They are written with the image sets that they have (write-studies.ts). */
import type { Studies } from '../../catalog/study-repository.ts'
import type { IndexSizes } from '../../search/kd-tree/sizes.ts'
import type { CachedWords } from '../../search/words/cached-words.ts'
import type { Dialect } from '../engine/differences.ts'
import type { Transactions } from '../engine/statement.ts'
import { CachedAnswers } from '../history/cached-answers.ts'
import { searchStudies } from './search-studies.ts'

export function studiesOver(
  database: Transactions,
  options: { readonly dialect: Dialect; readonly sizes: IndexSizes; readonly words: CachedWords },
): Studies {
  const totals = new CachedAnswers<number>(options.sizes)
  return {
    search: (request) => database.read(() => searchStudies(request, { ...options, totals })),
    forgetSearches: (datastoreId) => totals.forget(datastoreId),
  }
}
