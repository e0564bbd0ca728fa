/** WADO-URI (PS3.18 9): an instance as a DICOM file or as an image, named by query parameters. */
import type { WantedRendering } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import { acceptedRanges } from './accept.ts'
import type { DicomwebAnswer, DicomwebCall } from './answer.ts'
import { namedInstance } from './named.ts'
import { checkedWindow, numberIn, qualityIn, sideIn, wantedRendering } from './rendering-parameters.ts'
import { fileReply } from './retrieve-instance.ts'
import { imagesReply } from './retrieve-rendered.ts'
import { wantedFiles } from './wanted-syntaxes.ts'

const DICOM = 'application/dicom'
const IMAGE_TYPES = ['image/jpeg', 'image/png']

export const retrieveObject: DicomwebAnswer = async (call, to) => {
  const { query, request } = call
  if (query.get('requestType') !== 'WADO') throw invalid('requestType must be WADO')
  checkRefused(query)
  const frameNumber = frameNumberIn(query)
  const image = { frameNumber, rendering: renderingIn(query) }
  const contentType = query.get('contentType')
  if (contentType === DICOM) return answerFile(call, to)
  if (
    contentType !== null &&
    !acceptedRanges(contentType).some(({ type }) =>
      [...IMAGE_TYPES, '*/*', 'image/*', 'application/pdf'].includes(type),
    )
  )
    throw new ContractError(
      'NotAcceptableException',
      `contentType is ${DICOM}, image/jpeg, image/png or application/pdf`,
    )
  // Without contentType, an instance of one frame is an image, and others are files (PS3.18 9.4, 8.7.4).
  const isImage = contentType !== null || frameNumber !== undefined
  const isFile = !isImage && (await to.operations.countFrames(namedInstance(call), to.app)) !== 1
  if (isFile) return answerFile(call, to)
  return imagesReply(
    call,
    {
      ...image,
      frameNumbers: frameNumber === undefined ? 'middle' : [frameNumber],
      noSuchFrame: 'ValidationException',
    },
    to,
    contentType ?? imagesOf(request.headers.accept),
  )
}

/** An Accept header that names no image, such as that of a page, does not count. */
const imagesOf = (accept: string | undefined): string =>
  acceptedRanges(accept).find(({ type }) => IMAGE_TYPES.includes(type))?.type ?? 'image/jpeg'

const answerFile = async (call: DicomwebCall, { app, operations }: Parameters<DicomwebAnswer>[1]) => {
  const transferSyntax = call.query.get('transferSyntax')
  const wanted = wantedFiles(
    acceptedRanges(transferSyntax === null ? DICOM : `${DICOM}; transfer-syntax="${transferSyntax}"`),
  )
  const found = await operations.retrieveInstance({ ...namedInstance(call), wanted }, app)
  return fileReply(found, call.request.headers)
}

/** What is not done, and would be dangerous or wrong to ignore. */
function checkRefused(query: URLSearchParams): void {
  const anonymize = query.get('anonymize') ?? 'no'
  if (anonymize !== 'no') {
    throw invalid(
      anonymize === 'yes'
        ? 'Hilum does not remove identities: anonymize must be absent or no'
        : 'anonymize is yes or no',
    )
  }
  if (query.has('presentationUID')) throw invalid('Presentation states are not applied: presentationUID must be absent')
}

function frameNumberIn(query: URLSearchParams): number | undefined {
  const text = query.get('frameNumber')
  if (text === null) return undefined
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw invalid('frameNumber is a whole number from 1')
}

/** @throws ContractError ValidationException */
function renderingIn(query: URLSearchParams): WantedRendering {
  const annotations = new URLSearchParams()
  if (query.has('annotation')) annotations.set('annotation', query.get('annotation')!)
  return {
    ...wantedRendering(annotations, { isThumbnail: false }),
    window: windowIn(query),
    viewport: sizeIn(query),
    region: regionIn(query.get('region')),
    quality: qualityIn(query.get('imageQuality'), 'imageQuality'),
  }
}

function windowIn(query: URLSearchParams): WantedRendering['window'] {
  const [center, width] = [query.get('windowCenter'), query.get('windowWidth')]
  if (center === null && width === null) return undefined
  if (center === null || width === null) throw invalid('windowCenter and windowWidth are given together')
  return checkedWindow(
    { center: numberIn(center), width: numberIn(width), function: 'LINEAR' },
    'windowCenter and windowWidth',
  )
}

const SIDE = 'rows and columns are whole numbers from 1 to 65535'

function sizeIn(query: URLSearchParams): WantedRendering['viewport'] {
  const [rows, columns] = [query.get('rows'), query.get('columns')]
  if (rows === null && columns === null) return undefined
  const side = (text: string | null) => (text === null ? 65_535 : sideIn(text, SIDE))
  return { rows: side(rows), columns: side(columns), enlarges: true }
}

/** The left, top, right and bottom of a rectangle, each from 0 to 1. */
function regionIn(text: string | null): WantedRendering['region'] {
  if (text === null) return undefined
  const [left, top, right, bottom, ...rest] = text.split(',').map((part) => numberIn(part) ?? Number.NaN)
  const isWithin = left! >= 0 && top! >= 0 && right! <= 1 && bottom! <= 1 && left! < right! && top! < bottom!
  if (!isWithin || rest.length > 0) {
    throw invalid('region is <left>,<top>,<right>,<bottom>, each from 0 to 1 of the width or height of the frame')
  }
  return { unit: 'frame', left: left!, top: top!, width: right! - left!, height: bottom! - top! }
}

const invalid = (message: string) => new ContractError('ValidationException', message)
