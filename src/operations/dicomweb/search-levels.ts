/** What a search of each level asks of the catalog, and what is known of its results without their metadata. */
import { searchedAttribute } from '../../imaging/dicomweb-search/attributes.ts'
import type { Criterion, OrderKey } from '../../imaging/dicomweb-search/criteria.ts'
import type { JsonObject } from '../../imaging/documents/read-document.ts'
import type { SnapshotVersion } from '../../stores/catalog/search-repository.ts'
import type {
  FoundInstance,
  FoundSeries,
  SearchPosition,
  SeriesSearchRequest,
  StudyTotals,
} from '../../stores/catalog/series-repository.ts'
import type { FoundStudy, StudyPosition } from '../../stores/catalog/study-repository.ts'
import type { Found, Searching } from './searching.ts'
import { type KnownResult, uriOf, valueOfText } from './write-results.ts'

const NEWEST_FIRST: readonly OrderKey[] = [{ keyword: 'updatedAt', descending: true }]
const BY_SERIES_NUMBER: readonly OrderKey[] = [{ keyword: 'SeriesNumber', descending: false }]
const BY_INSTANCE_NUMBER: readonly OrderKey[] = [{ keyword: 'InstanceNumber', descending: false }]

/** A search for series or instances finds studies first if at most so many match. */
const STUDIES_MAX = 256

/** Equal in all series of a study: grouping places no others beside each other. */
const OF_WHOLE_STUDIES = new Set(['AccessionNumber', 'ModalitiesInStudy', 'PatientID', 'StudyDate', 'StudyID'])
const INDEXED = new Set(['SeriesInstanceUID', 'StudyInstanceUID', 'AccessionNumber', 'PatientID', 'StudyID'])

interface StudyAfter {
  readonly position: StudyPosition
  readonly snapshotVersion: SnapshotVersion
}

export async function studiesFound({ app, wanted, parsed, position }: Searching): Promise<Found> {
  const { datastoreId } = wanted
  const { criteria, order, offset, limit } = parsed
  const after = position as StudyAfter | undefined
  const page = await app.catalog.studies.search({
    ...{ datastoreId, criteria, order: order.length === 0 ? NEWEST_FIRST : order, offset, limit },
    ...(after !== undefined && { after }),
    isCounted: after === undefined,
  })
  return {
    ...{ datastore: page.datastore, total: page.total, isSorted: true },
    next: page.next && { position: page.next, snapshotVersion: page.snapshotVersion },
    results: async function* () {
      for (const study of page.rows) yield knownStudy({ app, wanted, parsed }, study)
    },
  }
}

type Context = Omit<Searching, 'position'>

async function knownStudy({ app, wanted, parsed }: Context, study: FoundStudy): Promise<KnownResult> {
  const { attributes, series, instances, imageSet } = study
  const { ModalitiesInStudy, ...texts } = attributes
  const { datastoreId } = wanted
  const uri = uriOf(wanted, attributes.StudyInstanceUID)
  const classes = parsed.include.isAll || parsed.include.fields.has('00080062')
  const ofStudy = { datastoreId, studyInstanceUID: attributes.StudyInstanceUID }
  return {
    ...{ level: 'study', levels: ['study'], uri },
    computed: {
      ...computedOf(uri),
      ...totalsOf({ series, instances, modalities: ModalitiesInStudy }),
      ...(classes && { SOPClassesInStudy: [...(await app.catalog.series.classesOfStudy(ofStudy))] }),
    },
    row: Object.fromEntries(Object.entries(texts).map(([keyword, text]) => [keyword, valueOfText(text)])),
    instance: () => app.catalog.series.anyInstance({ datastoreId, ...imageSet }),
  }
}

const computedOf = (uri: string): JsonObject => ({ InstanceAvailability: 'ONLINE', RetrieveURL: uri })

const totalsOf = ({ series, instances, modalities }: StudyTotals): JsonObject => ({
  ModalitiesInStudy: [...modalities],
  NumberOfStudyRelatedSeries: String(series),
  NumberOfStudyRelatedInstances: String(instances),
})

/** The request for series, or for instances of series. */
async function seriesRequest(
  { app, wanted, parsed, position }: Searching,
  order: readonly OrderKey[],
): Promise<SeriesSearchRequest> {
  const { datastoreId, studyInstanceUID, seriesInstanceUID } = wanted
  const { offset, limit } = parsed
  const ofPath: Criterion[] =
    seriesInstanceUID === undefined
      ? []
      : [{ keyword: 'SeriesInstanceUID', match: { kind: 'equal', values: [seriesInstanceUID] } }]
  const criteria = [...parsed.criteria, ...ofPath]
  const after = position as SearchPosition | undefined
  const studies =
    studyInstanceUID !== undefined
      ? [studyInstanceUID]
      : after?.mode === 'scanned'
        ? undefined
        : await fewStudies({ app, datastoreId, criteria })
  return {
    ...{
      datastoreId,
      criteria,
      offset: after === undefined ? offset : 0,
      limit,
      rowsMax: app.limits.dicomwebSearchRows,
    },
    order: parsed.order.length === 0 ? order : parsed.order,
    ...(studies !== undefined && { studyInstanceUIDs: studies }),
    ...(after !== undefined && { after }),
  }
}

/** The studies that the criteria leave, if the index of studies finds few and no index of series does. */
async function fewStudies({
  app,
  datastoreId,
  criteria,
}: Pick<Searching, 'app'> & { readonly datastoreId: string; readonly criteria: readonly Criterion[] }): Promise<
  readonly string[] | undefined
> {
  if (criteria.some(({ keyword, match }) => INDEXED.has(keyword) && match.kind === 'equal')) return undefined
  const ofStudies = criteria.filter(({ keyword }) => OF_WHOLE_STUDIES.has(keyword))
  if (ofStudies.length === 0) return undefined
  const limit = STUDIES_MAX + 1
  const request = { datastoreId, criteria: ofStudies, order: NEWEST_FIRST, offset: 0, limit, isCounted: false }
  const { rows } = await app.catalog.studies.search(request)
  return rows.length > STUDIES_MAX ? undefined : rows.map(({ attributes }) => attributes.StudyInstanceUID)
}

export async function seriesFound(searching: Searching): Promise<Found> {
  const { app, wanted, parsed } = searching
  const { datastore, rows, next, total } = await app.catalog.series.searchSeries(
    await seriesRequest(searching, BY_SERIES_NUMBER),
  )
  const totals = await totalsFor({ app, wanted, parsed }, rows)
  return {
    ...{ datastore, next, total, isSorted: total !== undefined },
    results: async function* () {
      for (const series of rows) yield knownSeries({ app, wanted, parsed }, { series, totals })
    },
  }
}

/** Of the studies of the series, where they are returned. */
async function totalsFor(
  { app, wanted, parsed }: Context,
  rows: readonly FoundSeries[],
): Promise<ReadonlyMap<string, StudyTotals>> {
  const isAsked = [...parsed.include.fields.keys()].some((tag) => OF_TOTALS.has(tag))
  if (wanted.studyInstanceUID !== undefined && !isAsked && !parsed.include.isAll) return new Map()
  const studyInstanceUIDs = rows.map(({ texts }) => texts.StudyInstanceUID!)
  return app.catalog.series.totalsOfStudies({ datastoreId: wanted.datastoreId, studyInstanceUIDs })
}

const OF_TOTALS = new Set(['00080061', '00201206', '00201208'])

interface SeriesResult {
  readonly series: FoundSeries
  readonly totals: ReadonlyMap<string, StudyTotals>
}

function knownSeries({ app, wanted }: Context, { series, totals }: SeriesResult): KnownResult {
  const { texts, instances, imageSet } = series
  const uri = uriOf(wanted, texts.StudyInstanceUID!, texts.SeriesInstanceUID!)
  const ofStudy = totals.get(texts.StudyInstanceUID!)
  return {
    ...{ level: 'series', levels: wanted.studyInstanceUID === undefined ? ['study', 'series'] : ['series'], uri },
    computed: {
      ...computedOf(uri),
      ...(ofStudy !== undefined && totalsOf(ofStudy)),
      StudyInstanceUID: texts.StudyInstanceUID!,
      NumberOfSeriesRelatedInstances: String(instances),
    },
    row: rowOf(series),
    instance: () => app.catalog.series.anyInstance({ datastoreId: wanted.datastoreId, ...imageSet }),
  }
}

const rowOf = ({ texts }: FoundSeries): JsonObject =>
  Object.fromEntries(Object.entries(texts).map(([keyword, text]) => [keyword, valueOfText(text)]))

export async function instancesFound(searching: Searching): Promise<Found> {
  const { app, wanted, parsed } = searching
  const order =
    wanted.studyInstanceUID !== undefined && wanted.seriesInstanceUID === undefined ? NEWEST_FIRST : BY_INSTANCE_NUMBER
  const { datastore, rows, next, total } = await app.catalog.series.searchInstances(
    await seriesRequest(searching, order),
  )
  const totals = await totalsFor(
    { app, wanted, parsed },
    rows.map(({ series }) => series),
  )
  return {
    ...{ datastore, next, total, isSorted: total !== undefined },
    results: async function* () {
      for (const instance of rows) yield knownInstance({ app, wanted, parsed }, { instance, totals })
    },
  }
}

function knownInstance(
  { wanted, parsed }: Context,
  { instance, totals }: { readonly instance: FoundInstance; readonly totals: ReadonlyMap<string, StudyTotals> },
): KnownResult {
  const { series, placed, warningReasons } = instance
  const { texts } = series
  const uri = uriOf(wanted, texts.StudyInstanceUID!, texts.SeriesInstanceUID!, placed.sopInstanceUID)
  const ofStudy = totals.get(texts.StudyInstanceUID!)
  const isWarned =
    parsed.include.isAll || parsed.include.fields.has(searchedAttribute('WarningReason', 'instance')!.tag)
  return {
    ...{ level: 'instance', uri },
    levels: [
      ...(wanted.studyInstanceUID === undefined ? (['study'] as const) : []),
      ...(wanted.seriesInstanceUID === undefined ? (['series'] as const) : []),
      'instance',
    ],
    computed: {
      ...computedOf(uri),
      ...(ofStudy !== undefined && totalsOf(ofStudy)),
      StudyInstanceUID: texts.StudyInstanceUID!,
      SeriesInstanceUID: texts.SeriesInstanceUID!,
      SOPInstanceUID: placed.sopInstanceUID,
      ...(isWarned && warningReasons.length > 0 && { WarningReason: [...warningReasons] }),
    },
    row: { ...rowOf(series), SOPClassUID: placed.sopClassUID },
    instance: async () => placed,
  }
}
