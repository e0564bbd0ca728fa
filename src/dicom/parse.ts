/**
 * Reads a DICOM file (PS3.10 7.1): preamble, file meta information and data set, in any transfer syntax, without decoding a
 * value or touching a pixel. Also takes a bare data set without file meta information, as dcmtk does, if it proves to be one.
 *
 * Strict about what a copy gone wrong leaves behind: a value, item, fragment or header cut short, frames that are not there, and bytes
 * that are no element, are refused; what follows the pixel data, only where the whole file is at hand. One cut cannot be seen here:
 * exactly between two elements of the top level, before the pixel data. Such a file is legal DICOM; whether an image without
 * pixel data makes sense is for the importer to ask.
 */
import { inflateRawSync } from 'node:zlib'
import { DataSet } from './data-set.ts'
import { DicomError, NotDicomError, PrefixTooShortError } from './dicom-error.ts'
import { formatTag, tagOf } from './dictionary.ts'
import { checkFramesAreThere } from './frames-without-delimiter.ts'
import { scanPixelItems } from './pixel-items.ts'
import {
  type Cursor,
  cursorOver,
  ELEMENTS_MAX,
  type Element,
  type Encoding,
  hasBlankVR,
  hasKnownVR,
  isPixelData,
  readDataSet,
  readMeta,
} from './read-elements.ts'
import type { ToleratedFault } from './tolerated-faults.ts'
import {
  ExplicitVRBigEndian,
  ExplicitVRLittleEndian,
  ImplicitVRLittleEndian,
  type TransferSyntax,
  transferSyntaxOf,
} from './transfer-syntaxes.ts'

/** The most a deflated data set may inflate to, in bytes: a bomb of half a megabyte would ask for as much. */
const INFLATED_BYTES_MAX = 512 * 1024 * 1024

export interface DicomFile {
  /** Group 0002; empty for a bare data set. */
  meta: DataSet
  dataSet: DataSet
  /** Undefined where the UID is private or unknown: the data set was then read as explicit VR little endian. */
  transferSyntax: TransferSyntax | undefined
  /** As the file says; of a bare data set, the uncompressed syntax that it proved to be in. */
  transferSyntaxUID: string
  /** How the elements of the data set are written. */
  encoding: Encoding
  /** What every offset of `dataSet` and `pixelData` counts in: the bytes given or, deflated, the inflated data set. */
  bytes: Uint8Array
  /** Absent where the top level of the data set has no pixel data. */
  pixelData?: PixelDataPlace
  /** Grows while more of the file is read. */
  tolerated: Set<ToleratedFault>
}

export interface PixelDataPlace {
  tag: '7FE00010' | '7FE00008' | '7FE00009'
  /** Where the value starts in `DicomFile.bytes`; of encapsulated pixel data, the offset table's item header. */
  offsetBytes: number
  /** Undefined for encapsulated pixel data, which ends at a sequence delimiter. */
  lengthBytes: number | undefined
  /** Whether it has an undefined length and so holds fragments (PS3.5 A.4), whatever the transfer syntax claims. */
  encapsulated: boolean
}

export interface ParseOptions {
  /** The whole file's size, where the bytes are only its beginning. Reading then stops at the pixel data. */
  sizeBytes?: number
  inflatedBytesMax?: number
  elementsMax?: number
}

const PREAMBLE_BYTES = 128

/**
 * Parses a DICOM file, or the beginning of one that reaches at least to the pixel data.
 * @throws DicomError; PrefixTooShortError (`needMoreBytes`) where a longer beginning may succeed
 */
export function parseP10(bytes: Uint8Array, options: ParseOptions = {}): DicomFile {
  const elementsMax = options.elementsMax ?? ELEMENTS_MAX
  const cursor = cursorOver(bytes, { sizeBytes: options.sizeBytes ?? bytes.length, elementsMax })
  const metaPosition = findMeta(cursor)
  if (metaPosition === undefined) return parseBareDataSet(cursor)
  cursor.position = metaPosition
  const meta = new DataSet({ bytes, elements: readMeta(cursor), littleEndian: true })
  const transferSyntaxUID = requireAttribute(meta, 'TransferSyntaxUID')
  const transferSyntax = transferSyntaxOf(transferSyntaxUID)
  const body = transferSyntax?.deflated ? inflate(cursor, options.inflatedBytesMax ?? INFLATED_BYTES_MAX) : cursor
  const { explicitVR, littleEndian } = transferSyntax ?? { explicitVR: true, littleEndian: true }
  const encoding = { littleEndian, explicitVR: writtenWithVR(body, explicitVR) }
  const file = { meta, transferSyntax, transferSyntaxUID, bytes: body.bytes, tolerated: body.tolerated }
  return checked({ ...file, ...readBody(body, encoding) })
}

/**
 * The elements behind the pixel data of a file of which only the beginning was parsed.
 * @param bytes all that follows the value of the pixel data and, where it is encapsulated, its sequence delimiter
 * @throws DicomError
 */
export function parseTrailing(file: DicomFile, bytes: Uint8Array): DataSet {
  const cursor = cursorOver(bytes, { sizeBytes: bytes.length, elementsMax: ELEMENTS_MAX })
  const { littleEndian } = file.encoding
  const elements = readDataSet(cursor, file.encoding)
  for (const fault of cursor.tolerated) file.tolerated.add(fault)
  return new DataSet({ bytes, elements, littleEndian, parent: file.dataSet })
}

/**
 * The value of an attribute that the caller cannot do without.
 * @throws DicomError in AWS's words where it is absent or empty
 */
export function requireAttribute(dataSet: DataSet, keyword: string): string {
  const tag = tagOf(keyword)
  const value = tag === undefined ? undefined : dataSet.string(tag)
  if (value) return value
  throw new DicomError({ reason: `DICOM attribute ${keyword} does not exist` })
}

/** Where group 0002 starts: after preamble and `DICM`, or at once where a writer left both out. Undefined: nowhere. */
function findMeta({ bytes, sizeBytes }: Cursor): number | undefined {
  if (bytes.length >= 6 && bytes[0] === 2 && bytes[1] === 0 && bytes[3] === 0 && hasKnownVR(bytes, 0)) return 0
  const end = PREAMBLE_BYTES + 4
  if (sizeBytes <= end) return undefined
  if (bytes.length <= end) {
    throw new PrefixTooShortError({
      reason: 'the given beginning of the file ends before its file meta information',
      offsetBytes: bytes.length,
      minimumSizeBytes: end + 1,
    })
  }
  return String.fromCharCode(...bytes.subarray(PREAMBLE_BYTES, end)) === 'DICM' ? end : undefined
}

/** Without file meta information the first element has to be of group 0008 and all the rest has to follow from that. */
function parseBareDataSet(cursor: Cursor): DicomFile {
  const { bytes } = cursor
  try {
    const uid = guessTransferSyntax(cursor)
    const transferSyntax = transferSyntaxOf(uid)!
    const { explicitVR, littleEndian } = transferSyntax
    const body = readBody(cursor, { explicitVR, littleEndian })
    requireAttribute(body.dataSet, 'SOPClassUID')
    const meta = new DataSet({ bytes, elements: [], littleEndian: true })
    return checked({ meta, transferSyntax, transferSyntaxUID: uid, bytes, tolerated: cursor.tolerated, ...body })
  } catch (cause) {
    if (cause instanceof PrefixTooShortError) throw cause
    throw new NotDicomError(
      cause instanceof DicomError ? cause : new DicomError({ reason: 'the bytes cannot be read' }, { cause }),
    )
  }
}

function guessTransferSyntax({ bytes }: Cursor): string {
  if (bytes.length >= 8 && bytes[0] === 8 && bytes[1] === 0) {
    return hasKnownVR(bytes, 0) ? ExplicitVRLittleEndian : ImplicitVRLittleEndian
  }
  if (bytes.length >= 8 && bytes[0] === 0 && bytes[1] === 8 && hasKnownVR(bytes, 0)) return ExplicitVRBigEndian
  throw new DicomError({ reason: 'bytes that are not a DICOM element', offsetBytes: 0 })
}

/** What the first element shows, where it contradicts the transfer syntax: writers are known to mislabel their files. */
function writtenWithVR({ bytes, position }: Cursor, explicitVR: boolean): boolean {
  if (position + 8 > bytes.length) return explicitVR
  if (!explicitVR) return hasKnownVR(bytes, position)
  if (hasBlankVR(bytes, position)) return true
  const isLetter = (byte: number) => byte >= 0x41 && byte <= 0x5a
  return (isLetter(bytes[position + 4]!) && isLetter(bytes[position + 5]!)) || bytes[position + 4] === 0x3f
}

function readBody(
  cursor: Cursor,
  encoding: Encoding,
): Pick<DicomFile, 'dataSet' | 'encoding'> & { pixelData?: PixelDataPlace } {
  const elements = readDataSet(cursor, encoding)
  const dataSet = new DataSet({ bytes: cursor.bytes, elements, littleEndian: encoding.littleEndian })
  const pixels = elements.find((element) => isPixelData(element.tag))
  return pixels === undefined ? { dataSet, encoding } : { dataSet, encoding, pixelData: placeOf(pixels) }
}

/** Where the delimiter is missing, frames may be missing with it. */
function checked(file: DicomFile): DicomFile {
  if (file.tolerated.has('pixel-data-without-delimiter')) {
    checkFramesAreThere(file, scanPixelItems(file.bytes, file.pixelData!.offsetBytes))
  }
  return file
}

function placeOf({ tag, offsetBytes, lengthBytes, undefinedLength }: Element): PixelDataPlace {
  return {
    tag: formatTag(tag) as PixelDataPlace['tag'],
    offsetBytes,
    lengthBytes: undefinedLength ? undefined : lengthBytes,
    encapsulated: undefinedLength,
  }
}

/** A deflate stream has to be whole before anything in it can be trusted. */
function inflate({ bytes, sizeBytes, position, elementsLeft, tolerated }: Cursor, inflatedBytesMax: number): Cursor {
  if (bytes.length < sizeBytes) {
    throw new PrefixTooShortError({
      reason: 'the given beginning of the file ends inside the deflated data set',
      offsetBytes: bytes.length,
      minimumSizeBytes: sizeBytes,
    })
  }
  try {
    const inflated = inflateRawSync(bytes.subarray(position), { maxOutputLength: inflatedBytesMax })
    return { ...cursorOver(inflated, { sizeBytes: inflated.length, elementsMax: elementsLeft }), tolerated }
  } catch (cause) {
    throw new DicomError({ reason: `the deflated data set ${inflateFault(cause)}`, offsetBytes: position }, { cause })
  }
}

function inflateFault(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ERR_BUFFER_TOO_LARGE') return 'inflates to more than may be read'
  return code === 'Z_BUF_ERROR' ? 'ends too soon' : 'cannot be inflated'
}
