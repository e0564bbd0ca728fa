/** Reads Accept and Accept-Encoding (RFC 9110 12.5), with the parameters of DICOMweb (PS3.18 8.3.3): `type` and `transfer-syntax`. */
import { ContractError } from '../../contract/errors.ts'
import type { DicomwebCall } from './answer.ts'

export interface MediaRange {
  /** In lower case: `multipart/related`, `image/*`. */
  readonly type: string
  /** By lower-case name, without quotes. */
  readonly parameters: ReadonlyMap<string, string>
}

/** More are not read: no client that wants an answer needs them. */
const RANGES_MAX = 64

/** A media type; lenient in values, since many clients leave out the quotes of `type=application/octet-stream`. */
const TYPE = /^\s*([\w!#$&^+.*-]+\/[\w!#$&^+.*-]+)\s*(?=;|$)/
const PARAMETER = /^;\s*(?:([\w!#$&^.+-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))\s*)?(?=;|$)/

/**
 * The accepted media types, the preferred one first. Without the header every type is accepted.
 * @throws ContractError ValidationException where the header cannot be read
 */
export function acceptedRanges(header: string | undefined): readonly MediaRange[] {
  if (header === undefined || header.trim() === '') return [{ type: '*/*', parameters: new Map() }]
  const ranges = splitList(header)
    .slice(0, RANGES_MAX)
    .map((text) => mediaTypeOf(text) ?? unreadable())
  return ranges
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ type, parameters }) => ({ type, parameters }))
}

/** The query parameter `accept` is used instead of the header: a browser's link can have only that (PS3.18 8.3.3.1). */
export const acceptedOf = ({ request, query }: Pick<DicomwebCall, 'request' | 'query'>): readonly MediaRange[] =>
  acceptedRanges(query.get('accept') ?? request.headers.accept)

interface QualifiedRange extends MediaRange {
  readonly quality: number
}

/** Undefined where it cannot be read. */
export function mediaTypeOf(text: string): QualifiedRange | undefined {
  const [whole, type] = TYPE.exec(text) ?? []
  if (whole === undefined || type === undefined) return undefined
  const parameters = new Map<string, string>()
  let rest = text.slice(whole.length)
  while (rest !== '') {
    const found = PARAMETER.exec(rest)
    if (found === null) return undefined
    const [matched, name, quoted, token] = found
    if (name !== undefined) parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? token ?? '')
    rest = rest.slice(matched.length)
  }
  const quality = qualityOf(parameters.get('q'))
  if (quality === undefined) return undefined
  parameters.delete('q')
  return { type: type.toLowerCase(), parameters, quality }
}

function qualityOf(text: string | undefined): number | undefined {
  if (text === undefined) return 1
  if (!/^(?:0|1)?(?:\.\d{0,6})?$/.test(text) || text === '') return undefined
  return Math.min(1, Number(text))
}

/** At commas that are not in quotes. Empty members are allowed and ignored (RFC 9110 5.6.1). */
function splitList(header: string): string[] {
  const members = header.match(/(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g) ?? []
  return members.filter((member) => member.trim() !== '').map((member) => member.trimEnd())
}

function unreadable(): never {
  throw new ContractError(
    'ValidationException',
    'Accept cannot be read. An example: multipart/related; type="application/octet-stream"; transfer-syntax=*',
  )
}

/** Whether the client takes gzip. Without the header it is not sent. */
export function acceptsGzip(header: string | undefined): boolean {
  for (const member of (header ?? '').toLowerCase().split(',')) {
    const [coding, ...parameters] = member.split(';').map((text) => text.trim())
    if (coding !== 'gzip' && coding !== '*') continue
    return !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
  }
  return false
}
