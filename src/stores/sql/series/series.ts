/** Searches by DICOMweb for series and instances, over the database. */
import { ContractError } from '../../../contract/errors.ts'
import type { FoundPage, SeriesSearches, SeriesSearchRequest } from '../../catalog/series-repository.ts'
import { datastoreSearched } from '../datastores/datastore-number.ts'
import type { Dialect } from '../engine/differences.ts'
import { all, type Transactions } from '../engine/statement.ts'
import { type InstanceRecordRow, recordOf, selectRecords } from '../image-sets/instance-records.ts'
import { parseImageSetId } from '../rows/image-set-id.ts'
import { orderedInstances, scannedInstances } from './search-instances.ts'
import { orderedSeries, type SeriesSearch, scannedSeries } from './search-series.ts'
import { candidatesOf, countCandidates } from './series-rows.ts'
import { classesOfStudy, totalsOfStudies } from './study-totals.ts'

export function seriesOver(
  database: Transactions,
  { dialect }: { readonly dialect: Pick<Dialect, 'byIndex'> },
): SeriesSearches {
  async function search<Row>(
    request: SeriesSearchRequest,
    modes: {
      /** Undefined where that would be too many rows. */
      readonly ordered: (search: SeriesSearch, max: number) => Promise<Omit<FoundPage<Row>, 'datastore'> | undefined>
      readonly scanned: (search: SeriesSearch) => Promise<Omit<FoundPage<Row>, 'datastore'>>
    },
  ): Promise<FoundPage<Row>> {
    const datastore = await database.read(() => datastoreSearched(request.datastoreId))
    const { rowsMax, after, studyInstanceUIDs } = request
    if (datastore === undefined || studyInstanceUIDs?.length === 0)
      return { datastore, rows: [], positions: [], next: undefined, total: 0 }
    const candidates = candidatesOf(request, dialect)
    const each: SeriesSearch = { database, dialect, request, candidates }
    // A later page reads also what arrived meanwhile.
    const max = after === undefined ? rowsMax : 2 * rowsMax
    if (after?.mode !== 'scanned' && request.isScanned !== true) {
      const isFew = (await database.read(() => countCandidates(candidates, max + 1))) <= max
      const page = isFew ? await modes.ordered(each, max) : undefined
      if (page !== undefined) return { datastore, ...page }
      if (after !== undefined) throw new ContractError('ValidationException', GROWN)
    }
    return { datastore, ...(await modes.scanned(each)) }
  }
  return {
    searchSeries: (request) => search(request, { ordered: orderedSeries, scanned: scannedSeries }),
    searchInstances: (request) => search(request, { ordered: orderedInstances, scanned: scannedInstances }),
    totalsOfStudies: (studies) => database.read(() => totalsOfStudies(studies)),
    classesOfStudy: (study) => database.read(() => classesOfStudy(study)),
    anyInstance: (version) =>
      database.read(function* () {
        const id = parseImageSetId(version.imageSetId)
        if (id === undefined) return undefined
        const rows = yield* all<InstanceRecordRow>(
          `${selectRecords('instances')} WHERE row_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?) LIMIT 1`,
          ...[id.rowId, version.version, version.version],
        )
        return rows.map((row) => ({ ...recordOf(row), imageSetId: version.imageSetId, version: version.version }))[0]
      }),
  }
}

const GROWN = 'So many rows arrived since the first page that they cannot be sorted any more: repeat the first request'
