/** The media types in which the frames of an instance can be retrieved (PS3.18 8.7.3), and the choice among those that a client accepts. */
import type { WantedSyntax } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import {
  ExplicitVRLittleEndian,
  frameContentType,
  HTJ2K,
  HTJ2KLosslessRPCL,
  JPEG2000,
  JPEG2000Lossless,
  transferSyntaxOf,
} from '../../dicom/transfer-syntaxes.ts'
import { wrapInJP2 } from '../../pixel-data/jpeg2000/jp2-boxes.ts'

export const OCTET_STREAM = 'application/octet-stream'

/** Before the codestream of each frame that is stored as HTJ2K. */
const JPH_HEAD_BYTES = wrapInJP2(new Uint8Array(0), {
  ...{ rows: 1, columns: 1, components: 1, bitsPerSample: 1, isSigned: false, colour: 'greyscale', kind: 'jph' },
}).length

/** The types of frames as they are stored. A frame stored as HTJ2K is a JPH file; its codestream is what a DICOM file holds. */
function storedTypes(transferSyntaxUID: string): readonly string[] {
  switch (transferSyntaxUID) {
    case HTJ2KLosslessRPCL:
      return ['image/jphc', 'image/jph']
    case HTJ2K:
      return ['image/jphc']
    case JPEG2000Lossless:
    case JPEG2000:
      return ['image/jp2', 'image/j2c']
    default:
      return typesOfOthers(transferSyntaxUID)
  }
}

function typesOfOthers(transferSyntaxUID: string): readonly string[] {
  const type = frameContentType(transferSyntaxUID)
  if (type === OCTET_STREAM) return []
  if (type === 'video/mpeg') return ['video/mpeg', 'video/mpeg2']
  // AWS misspells the type of H.265.
  return type === 'video/H256' ? ['video/mp4', 'video/h265'] : [type]
}

/** The bytes of a stored frame before those of the media type. */
export const skippedBytes = (transferSyntaxUID: string, frameType: string): number =>
  transferSyntaxUID === HTJ2KLosslessRPCL && frameType !== 'image/jph' ? JPH_HEAD_BYTES : 0

const DECODED = new Set([
  'native',
  'rle',
  'jpeg-baseline',
  'jpeg-extended',
  'jpeg-lossless',
  'jpeg-ls',
  'jpeg2000',
  'htj2k',
])

/** Whether the pixels can be decoded to explicit VR little endian: not those of JPEG XL and of a video. */
export const isDecodable = (transferSyntaxUID: string): boolean =>
  DECODED.has(transferSyntaxOf(transferSyntaxUID)?.codec ?? '')

export interface ChosenType {
  /** The number in `wanted`. */
  readonly choice: number
  readonly frameType: string
  readonly transferSyntaxUID: string
  readonly isDecoded: boolean
  /** It was not asked for: the frames may be sent as stored if one cannot be decoded. */
  readonly isDefault: boolean
}

/** The first of the wanted types in which the frames exist. @throws ContractError NotAcceptableException */
export function chooseFrameType(wanted: readonly WantedSyntax[], storedUID: string): ChosenType {
  for (const [choice, one] of wanted.entries()) {
    const found = typeOf(one, storedUID)
    if (found !== undefined) return { choice, ...found }
  }
  throw notAcceptable('The frames are', storedUID)
}

export function notAcceptable(what: string, storedUID: string): ContractError {
  const name = transferSyntaxOf(storedUID)?.name ?? 'a syntax that DICOM does not define'
  const types = storedTypes(storedUID)
  const decoded = isDecodable(storedUID) ? ', or decoded with transfer-syntax=1.2.840.10008.1.2.1' : ''
  const asTypes = types.length === 0 ? '' : `, of the type ${types.join(' or ')}`
  return new ContractError(
    'NotAcceptableException',
    `${what} stored as ${storedUID} (${name})${asTypes}, and cannot be sent in a form that the header Accept allows. ` +
      `Ask for it as it is stored with transfer-syntax=*${decoded}`,
  )
}

function typeOf(
  { transferSyntax, frameType }: WantedSyntax,
  storedUID: string,
): Omit<ChosenType, 'choice'> | undefined {
  const asStored = { transferSyntaxUID: storedUID, isDecoded: false, isDefault: false }
  const isStored = transferSyntax === 'stored' || transferSyntax === storedUID
  if (frameType !== undefined) {
    const found = storedTypes(storedUID).find((type) => isWithin(type, frameType))
    return found !== undefined && (isStored || transferSyntax === 'default')
      ? { ...asStored, frameType: found }
      : undefined
  }
  if (isStored) return { ...asStored, frameType: OCTET_STREAM }
  const isDefault = transferSyntax === 'default'
  if (!isDefault && transferSyntax !== ExplicitVRLittleEndian) return undefined
  if (storedUID === ExplicitVRLittleEndian) return { ...asStored, frameType: OCTET_STREAM }
  if (isDecodable(storedUID)) {
    return { frameType: OCTET_STREAM, transferSyntaxUID: ExplicitVRLittleEndian, isDecoded: true, isDefault }
  }
  return isDefault ? { ...asStored, frameType: OCTET_STREAM } : undefined
}

const isWithin = (type: string, range: string): boolean =>
  range.endsWith('/*') ? type.startsWith(range.slice(0, -1)) : type === range
