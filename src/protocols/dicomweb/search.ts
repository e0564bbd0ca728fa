/**
 * SearchDICOMStudies, SearchDICOMSeries and SearchDICOMInstances (PS3.18 10.6): a page of results, a link to the next (RFC 8288), and the number
 * of all results.
 */
import type { DicomwebSearch } from '../../contract/dicomweb.ts'
import { splitTarget } from '../http/wire.ts'
import { acceptedOf, acceptsGzip } from './accept.ts'
import type { DicomwebAnswer, DicomwebCall } from './answer.ts'
import { JSON_TYPES, jsonReply } from './json-reply.ts'
import { originOf } from './named.ts'
import { checkAccepted } from './wanted-syntaxes.ts'

/** Of the first page only: a token is a place in the results. */
const OF_FIRST_PAGE = new Set(['nextToken', 'offset'])
/** The request for the next page has a signature of its own. */
const OF_SIGNATURE = /^x-amz-/i
const RESULTS_MAX = 1_000

const LEVELS = {
  SearchDICOMStudies: 'study',
  SearchDICOMSeries: 'series',
  SearchDICOMInstances: 'instance',
} as const satisfies Record<string, DicomwebSearch['level']>

export const searchAnswer =
  (action: keyof typeof LEVELS): DicomwebAnswer =>
  async (call, { app, operations }) => {
    checkAccepted(acceptedOf(call), JSON_TYPES)
    const { total, isSorted, nextToken, json } = await operations.search(
      {
        ...{ datastoreId: call.labels.datastoreId!, level: LEVELS[action] },
        ...{ studyInstanceUID: call.labels.study, seriesInstanceUID: call.labels.series },
        ...{ parameters: [...call.query], origin: originOf(call.request) },
      },
      app,
    )
    return jsonReply(json(), {
      isGzip: acceptsGzip(call.request.headers['accept-encoding']),
      headers: {
        ...(total !== undefined && { 'X-Total-Count': String(total) }),
        ...(nextToken !== undefined && { Link: `<${nextUrl(call, nextToken)}>; rel="next"` }),
        ...warningOf(call, { isSorted, hasNext: nextToken !== undefined }),
      },
    })
  }

/** PS3.18 8.3.4.4: the client asked for more results than a page has. */
const CUT = `299 - "The number of results exceeds the ${RESULTS_MAX} of a page. The header Link has the URL of the next page."`

const UNSORTED =
  '299 - "Too many results to sort them. They are in the order of their import; the header Link has the URL of the next page."'

function warningOf(
  call: DicomwebCall,
  { isSorted, hasNext }: { readonly isSorted: boolean; readonly hasNext: boolean },
): { readonly Warning?: string } {
  const warnings = [...(isSorted ? [] : [UNSORTED]), ...(hasNext && isCut(call) ? [CUT] : [])]
  return warnings.length === 0 ? {} : { Warning: warnings.join(', ') }
}

const isCut = ({ query }: DicomwebCall): boolean => Number(query.get('limit') ?? Number.POSITIVE_INFINITY) > RESULTS_MAX

function nextUrl({ request, query }: DicomwebCall, nextToken: string): string {
  const next = new URLSearchParams([...query].filter(([name]) => !OF_FIRST_PAGE.has(name) && !OF_SIGNATURE.test(name)))
  next.append('nextToken', nextToken)
  return `${originOf(request)}${splitTarget(request.target).path}?${next}`
}
