/** What a client accepts of frames and files, from its media ranges (PS3.18 8.7; developer guide, "Retrieving DICOM data"). */
import type { WantedSyntax } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import type { MediaRange } from './accept.ts'

export interface WantedForm extends WantedSyntax {
  readonly isMultipart: boolean
}

const UID = /^[0-9.]{1,64}$/

/** AWS's default is explicit VR little endian; `*` is the syntax as stored. */
function transferSyntaxOf({ parameters }: MediaRange): string | undefined {
  const text = parameters.get('transfer-syntax')?.trim()
  if (text === undefined) return 'default'
  if (text === '*') return 'stored'
  return UID.test(text) ? text : undefined
}

/** @throws ContractError NotAcceptableException */
export function wantedFrames(
  ranges: readonly MediaRange[],
  { isSingle }: { readonly isSingle: boolean },
): WantedForm[] {
  const forms = ranges.flatMap((range) => frameForm(range))
  if (forms.length === 0) {
    throw notAcceptable(
      'Frames are sent as multipart/related; type="application/octet-stream", or one frame as application/octet-stream. ' +
        'With transfer-syntax=* they are as stored, also as image/jphc, image/jph, image/jpeg and other types',
    )
  }
  const possible = forms.filter(({ isMultipart }) => isMultipart || isSingle)
  if (possible.length > 0) return possible
  throw notAcceptable(
    'Several frames are sent only as multipart/related. Add it to the header Accept, or ask for one frame',
  )
}

/** Like one frame, but alone where the client accepts everything. @throws ContractError NotAcceptableException */
export function wantedBulkdata(ranges: readonly MediaRange[]): WantedForm[] {
  const forms = ranges.flatMap((range) => {
    const alone = range.type === '*/*'
    return frameForm(range).map((form) => (alone ? { ...form, isMultipart: false } : form))
  })
  if (forms.length > 0) return forms
  throw notAcceptable(
    'Bulk data is sent as application/octet-stream or as multipart/related; type="application/octet-stream"',
  )
}

function frameForm(range: MediaRange): WantedForm[] {
  const transferSyntax = transferSyntaxOf(range)
  if (transferSyntax === undefined) return []
  const { type, parameters } = range
  const isMultipart = type === '*/*' || type === 'multipart/related' || type === 'multipart/*'
  const frameType = isMultipart ? (parameters.get('type') ?? '*/*').trim().toLowerCase() : type
  if (['*/*', 'application/*', 'application/octet-stream'].includes(frameType))
    return [{ transferSyntax, frameType: undefined, isMultipart }]
  return /^(?:image|video)\//.test(frameType) ? [{ transferSyntax, frameType, isMultipart }] : []
}

/** @throws ContractError NotAcceptableException */
export function wantedFiles(ranges: readonly MediaRange[]): WantedForm[] {
  const forms = ranges.flatMap((range) => fileForm(range))
  if (forms.length > 0) return forms
  throw notAcceptable(
    'An instance is sent as application/dicom or as multipart/related; type="application/dicom", each with the parameter transfer-syntax',
  )
}

function fileForm(range: MediaRange): WantedForm[] {
  const transferSyntax = transferSyntaxOf(range)
  if (transferSyntax === undefined) return []
  const { type, parameters } = range
  const isMultipart = type === 'multipart/related' || type === 'multipart/*'
  const fileType = isMultipart ? (parameters.get('type') ?? 'application/dicom').trim().toLowerCase() : type
  const isFile = ['*/*', 'application/*', 'application/dicom'].includes(fileType)
  return isFile ? [{ transferSyntax, frameType: undefined, isMultipart }] : []
}

/** In what several instances are sent. A file alone is not accepted (PS3.18 10.4.4). @throws ContractError NotAcceptableException */
export function wantedFileSets(ranges: readonly MediaRange[]): {
  readonly isZip: boolean
  readonly wanted: readonly WantedSyntax[]
} {
  const forms = ranges.flatMap(fileSetForm)
  const [first] = forms
  if (first !== undefined) return { isZip: first.isZip, wanted: forms.filter(({ isZip }) => isZip === first.isZip) }
  throw notAcceptable(
    'A study or a series is sent as multipart/related; type="application/dicom", or as application/zip',
  )
}

function fileSetForm(range: MediaRange): (WantedSyntax & { readonly isZip: boolean })[] {
  const transferSyntax = transferSyntaxOf(range)
  if (range.type === 'application/zip' && transferSyntax !== undefined)
    return [{ transferSyntax, frameType: undefined, isZip: true }]
  const forms = fileForm(range).filter(({ isMultipart }) => isMultipart || range.type === '*/*')
  return forms.map((form) => ({ ...form, isZip: false }))
}

/** @throws ContractError NotAcceptableException */
export function checkAccepted(ranges: readonly MediaRange[], types: readonly string[]): void {
  const accepted = ['*/*', ...types.map((type) => `${type.split('/')[0]}/*`), ...types]
  if (ranges.some(({ type }) => accepted.includes(type))) return
  throw notAcceptable(`The answer is sent as ${types.join(' or ')}, which the header Accept does not allow`)
}

const notAcceptable = (message: string) => new ContractError('NotAcceptableException', message)
