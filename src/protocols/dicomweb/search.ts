/**
 * SearchDICOMStudies, SearchDICOMSeries and SearchDICOMInstances (PS3.18 10.6): a page of results, a link to the next (RFC 8288), and the number
 * of all results.
 */
import { promisify } from 'node:util'
import { constants, createGzip, gzip } from 'node:zlib'
import type { DicomwebSearch } from '../../contract/dicomweb.ts'
import { splitTarget, type WireReply } from '../http/wire.ts'
import { acceptedRanges, acceptsGzip } from './accept.ts'
import type { DicomwebAnswer, DicomwebCall } from './answer.ts'
import { started, through } from './bodies.ts'
import { originOf } from './named.ts'
import { checkAccepted } from './wanted-syntaxes.ts'

const DICOM_JSON = 'application/dicom+json'
const FASTEST = { level: constants.Z_BEST_SPEED }
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
    const { headers } = call.request
    const accepted = call.query.get('accept') ?? headers.accept
    checkAccepted(acceptedRanges(accepted), [DICOM_JSON, 'application/json'])
    const { total, isSorted, nextToken, json } = await operations.search(
      {
        ...{ datastoreId: call.labels.datastoreId!, level: LEVELS[action] },
        ...{ studyInstanceUID: call.labels.study, seriesInstanceUID: call.labels.series },
        ...{ parameters: [...call.query], origin: originOf(call.request) },
      },
      app,
    )
    const body = await started(json())
    const isGzip = acceptsGzip(headers['accept-encoding'])
    const reply: Omit<WireReply, 'body'> = {
      status: 200,
      headers: {
        'Content-Type': DICOM_JSON,
        Vary: 'Accept, Accept-Encoding',
        ...(total !== undefined && { 'X-Total-Count': String(total) }),
        ...(nextToken !== undefined && { Link: `<${nextUrl(call, nextToken)}>; rel="next"` }),
        ...warningOf(call, { isSorted, hasNext: nextToken !== undefined }),
        ...(isGzip && { 'Content-Encoding': 'gzip' }),
      },
    }
    if (!isGzip) return { ...reply, body }
    if (body instanceof Uint8Array) return { ...reply, body: await promisify(gzip)(body, FASTEST) }
    return { ...reply, body: through(body, createGzip(FASTEST)) }
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
