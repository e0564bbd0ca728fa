/** What becomes of pixel data at import, by its transfer syntax (AWS "Supported transfer syntaxes"), and how a stored frame is served. */

/** What a data store keeps transcoded frames in (AWS LosslessStorageFormat). */
export type StorageFormat = 'HTJ2K' | 'JPEG_2000_LOSSLESS'

type FrameDisposition = 'transcoded' | 'kept' | 'video' | 'unsupported'

const PREFIX = '1.2.840.10008.1.2'
const uids = (...endings: string[]): ReadonlySet<string> => new Set(endings.map((ending) => PREFIX + ending))

const TRANSCODED = uids(
  ...['', '.1', '.1.99', '.2', '.4.51', '.4.57', '.4.70', '.4.80', '.4.81', '.4.90', '.4.92', '.4.93'],
  ...['.4.201', '.4.202', '.5'],
)
const KEPT = uids('.4.50', '.4.91', '.4.112', '.4.203')
const VIDEO = uids(
  ...['.4.100', '.4.100.1', '.4.101', '.4.101.1', '.4.102', '.4.102.1', '.4.103', '.4.103.1'],
  ...['.4.104', '.4.104.1', '.4.105', '.4.105.1', '.4.106', '.4.106.1', '.4.107', '.4.108'],
)

const EXPLICIT_LITTLE_ENDIAN = `${PREFIX}.1`

/** @param isBinary single bits, as of a binary segmentation, which explicit little endian keeps as they are */
export function dispositionOf(transferSyntaxUID: string, { isBinary }: { isBinary: boolean }): FrameDisposition {
  if (transferSyntaxUID === EXPLICIT_LITTLE_ENDIAN && isBinary) return 'kept'
  if (TRANSCODED.has(transferSyntaxUID)) return 'transcoded'
  if (KEPT.has(transferSyntaxUID)) return 'kept'
  return VIDEO.has(transferSyntaxUID) ? 'video' : 'unsupported'
}

export const STORED_AS: Readonly<Record<StorageFormat, string>> = {
  HTJ2K: `${PREFIX}.4.202`,
  JPEG_2000_LOSSLESS: `${PREFIX}.4.90`,
}

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  [EXPLICIT_LITTLE_ENDIAN, 'application/octet-stream'],
  [`${PREFIX}.4.50`, 'image/jpeg'],
  [`${PREFIX}.4.90`, 'image/j2c'],
  [`${PREFIX}.4.91`, 'image/j2c'],
  [`${PREFIX}.4.112`, 'image/jxl'],
  [`${PREFIX}.4.202`, 'image/jph'],
  [`${PREFIX}.4.203`, 'image/jphc'],
])

/** The Content-Type of GetImageFrame for frames stored in this syntax (AWS API reference, `video/H256` and all). */
export function frameContentType(storedTransferSyntaxUID: string): string {
  const known = CONTENT_TYPES.get(storedTransferSyntaxUID)
  if (known !== undefined) return known
  if (!VIDEO.has(storedTransferSyntaxUID)) return 'application/octet-stream'
  if (/\.4\.10[01](\.1)?$/.test(storedTransferSyntaxUID)) return 'video/mpeg'
  return /\.4\.10[78]$/.test(storedTransferSyntaxUID) ? 'video/H256' : 'video/mp4'
}
