/** Studies in SQL. They are written with the image sets that they have (write-studies.ts). */
import type { Studies } from '../../catalog/study-repository.ts'
import type { IndexSizes } from '../../search/kd-tree/sizes.ts'
import type { Dialect } from '../engine/differences.ts'
import type { Transactions } from '../engine/statement.ts'
import { searchStudies } from './search-studies.ts'

export const studiesOver = (
  database: Transactions,
  options: { readonly dialect: Dialect; readonly sizes: IndexSizes },
): Studies => ({ search: (request) => database.read(() => searchStudies(request, options)) })
