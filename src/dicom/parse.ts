/**
 * Parses a DICOM file (PS3.10 7.1): preamble, file meta information and data set, in any transfer syntax, without decoding values or
 * pixels. Also accepts a bare data set without file meta information, as dcmtk does.
 *
 * Refuses what an incomplete copy leaves: a truncated value, item, fragment or header, missing frames, and bytes that are not an element.
 * What follows the pixel data is checked only if the whole file is given. A file that ends exactly between two top-level elements before
 * the pixel data cannot be recognised as truncated: it is legal DICOM, and the importer decides whether an image without pixel data is
 * acceptable.
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

/** The most bytes that a deflated data set may inflate to: half a megabyte can inflate to this much. */
const INFLATED_BYTES_MAX = 512 * 1024 * 1024

/**
 * Output chunk of inflation; usually one is enough. A C library maps blocks over 32 MiB separately and returns them to the system, and only
 * pages that are written take memory. Freed smaller chunks would stay in its heap.
 */
const INFLATED_CHUNK_BYTES = 40 * 1024 ** 2
const INFLATED_CHUNK_BYTES_MIN = 64 * 1024

export interface DicomFile {
  /** Group 0002; empty for a bare data set. */
  meta: DataSet
  dataSet: DataSet
  /** Undefined where the UID is private or unknown; the data set was then parsed as explicit VR little endian. */
  transferSyntax: TransferSyntax | undefined
  /** From the file meta information; for a bare data set, the detected uncompressed transfer syntax. */
  transferSyntaxUID: string
  /** The encoding of the data set's elements. */
  encoding: Encoding
  /** What the offsets of `dataSet` and `pixelData` refer to: the given bytes or, if deflated, the inflated data set. */
  bytes: Uint8Array
  /** Absent where the top level of the data set has no pixel data. */
  pixelData?: PixelDataPlace
  /** Added to as more of the file is read. */
  tolerated: Set<ToleratedFault>
}

export interface PixelDataPlace {
  tag: '7FE00010' | '7FE00008' | '7FE00009'
  /** Start of the value in `DicomFile.bytes`; for encapsulated pixel data, the item header of the offset table. */
  offsetBytes: number
  /** Undefined for encapsulated pixel data, which ends at a sequence delimiter. */
  lengthBytes: number | undefined
  /** Whether its length is undefined, so that it contains fragments (PS3.5 A.4), whatever the transfer syntax says. */
  encapsulated: boolean
}

export interface ParseOptions {
  /** The size of the whole file, where the bytes are only its beginning. Parsing then stops at the pixel data. */
  sizeBytes?: number
  inflatedBytesMax?: number
  elementsMax?: number
}

const PREAMBLE_BYTES = 128

/**
 * Parses a DICOM file, or its beginning up to at least the pixel data.
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

/** Whether the data set is deflated: to parse it takes far more memory than the file has bytes. */
export function isDeflated(bytes: Uint8Array): boolean {
  const cursor = cursorOver(bytes, { sizeBytes: bytes.length, elementsMax: ELEMENTS_MAX })
  try {
    const metaPosition = findMeta(cursor)
    if (metaPosition === undefined) return false
    cursor.position = metaPosition
    const meta = new DataSet({ bytes, elements: readMeta(cursor), littleEndian: true })
    return transferSyntaxOf(requireAttribute(meta, 'TransferSyntaxUID'))?.deflated === true
  } catch (error) {
    // The parser reports it.
    if (error instanceof DicomError) return false
    throw error
  }
}

/**
 * Parses the elements after the pixel data of a file whose beginning was parsed.
 * @param bytes all bytes after the value of the pixel data and, where it is encapsulated, its sequence delimiter
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
 * The value of a required attribute.
 * @throws DicomError with AWS's message where it is absent or empty
 */
export function requireAttribute(dataSet: DataSet, keyword: string): string {
  const tag = tagOf(keyword)
  const value = tag === undefined ? undefined : dataSet.string(tag)
  if (value) return value
  throw new DicomError({ reason: `DICOM attribute ${keyword} does not exist` })
}

/** The start of group 0002: after preamble and `DICM`, or at 0 where both are missing. Undefined where there is none. */
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

/** Without file meta information, the first element must be in group 0008, and the data set must be valid. */
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

/** Corrects the transfer syntax by the first element: some writers label their files wrongly. */
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

/** If the delimiter is missing, frames may be missing too. */
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

/** A deflate stream must be complete before anything in it can be trusted. */
function inflate({ bytes, sizeBytes, position, elementsLeft, tolerated }: Cursor, inflatedBytesMax: number): Cursor {
  if (bytes.length < sizeBytes) {
    throw new PrefixTooShortError({
      reason: 'the given beginning of the file ends inside the deflated data set',
      offsetBytes: bytes.length,
      minimumSizeBytes: sizeBytes,
    })
  }
  try {
    const chunkSize = Math.max(INFLATED_CHUNK_BYTES_MIN, Math.min(INFLATED_CHUNK_BYTES, inflatedBytesMax))
    const inflated = inflateRawSync(bytes.subarray(position), { maxOutputLength: inflatedBytesMax, chunkSize })
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
