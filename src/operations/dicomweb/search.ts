/**
 * SearchDICOMStudies, SearchDICOMSeries and SearchDICOMInstances (QIDO-RS): one page, in order, with a token for the next. Where AWS is silent:
 * docs/decisions/0023-dicomweb-search.md.
 */
import type { App } from '../../app.ts'
import type { DicomwebSearch, SearchResult } from '../../contract/dicomweb.ts'
import { parseSearch } from '../../imaging/dicomweb-search/parse-search.ts'
import { mustBeActive } from '../datastore-access.ts'
import { positionOfPage, refuseOtherPartitions } from '../page-tokens.ts'
import { jsonArray } from './json-array.ts'
import { instancesFound, seriesFound, studiesFound } from './search-levels.ts'
import type { Found, Searching } from './searching.ts'
import { openStoredFields } from './stored-fields.ts'
import { resultText } from './write-results.ts'

interface Token {
  readonly position: unknown
  readonly total: number | undefined
}

const LEVELS = { study: studiesFound, series: seriesFound, instance: instancesFound }

export async function search(wanted: DicomwebSearch, app: App): Promise<SearchResult> {
  const parsed = parseSearch(wanted.parameters, wanted.level)
  const request = requestOf(wanted)
  const token = positionOfPage<Token>(app.pageTokens, { request, nextToken: parsed.nextToken })
  await app.dataKeys.check(wanted.datastoreId)
  const isCounting = parsed.limit === 0
  const found = await LEVELS[wanted.level]({
    ...{ app, wanted, position: token?.position },
    parsed: { ...parsed, limit: Math.max(1, parsed.limit) },
  }).catch(refuseOtherPartitions)
  mustBeActive(app, wanted.datastoreId, found.datastore)
  const total = token === undefined ? found.total : token.total
  const next: Token = { position: found.next, total }
  return {
    ...{ total, isSorted: found.isSorted },
    nextToken: found.next === undefined || isCounting ? undefined : app.pageTokens.seal(request, next),
    json: () => jsonArray(isCounting ? nothing() : textsOf(found, { app, wanted, parsed })),
  }
}

async function* nothing(): AsyncGenerator<string> {}

async function* textsOf(found: Found, { app, wanted, parsed }: Omit<Searching, 'position'>): AsyncGenerator<string> {
  const stored = openStoredFields(app, wanted.datastoreId)
  for await (const result of found.results()) {
    const text = await resultText(result, { app, wanted, include: parsed.include, stored })
    if (text !== undefined) yield text
  }
}

/** May differ between the pages of a search, or has nothing to do with what it finds. */
const OF_THE_PAGE = new Set(['accept', 'includefield', 'limit', 'nextToken', 'offset'])

function requestOf({ datastoreId, level, studyInstanceUID, seriesInstanceUID, parameters }: DicomwebSearch) {
  const query = parameters.filter(([name]) => !OF_THE_PAGE.has(name) && !/^x-amz-/i.test(name))
  return [
    ...['search', datastoreId, level, studyInstanceUID ?? '', seriesInstanceUID ?? ''],
    query.map(([name, value]) => `${name}=${value}`).sort(),
  ]
}
