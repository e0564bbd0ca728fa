/**
 * The one table of transfer syntaxes: all of PS3.6 table A-1, retired ones included. A row says how the data set is encoded (PS3.5
 * chapter 10, annex A), what an import does with the frames (AWS "Supported transfer syntaxes"), and how GetImageFrame serves them.
 */

/** The format in which a data store keeps transcoded frames (AWS LosslessStorageFormat). */
export type StorageFormat = 'HTJ2K' | 'JPEG_2000_LOSSLESS'

/** What an import does with frames: transcodes them losslessly, keeps their bytes, or cannot extract them. A video is one kept frame. */
type FrameDisposition = 'transcoded' | 'kept' | 'video' | 'unsupported'

export type FrameCodec =
  | 'native'
  | 'rle'
  | 'jpeg-baseline'
  | 'jpeg-extended'
  | 'jpeg-lossless'
  | 'jpeg-ls'
  | 'jpeg2000'
  | 'htj2k'
  | 'jpeg-xl'
  | 'mpeg2'
  | 'h264'
  | 'h265'

export interface TransferSyntax {
  readonly uid: string
  readonly name: string
  readonly littleEndian: boolean
  readonly explicitVR: boolean
  /** The whole data set is a raw deflate stream after the file meta information (PS3.5 A.5). */
  readonly deflated: boolean
  /** Pixel Data is a sequence of fragments (PS3.5 A.4). */
  readonly encapsulated: boolean
  readonly hasBigEndianPixels: boolean
  readonly disposition: FrameDisposition
  /** Undefined where frames are unsupported. */
  readonly codec: FrameCodec | undefined
  /** Content-Type of a frame that is stored in this syntax (AWS API reference of GetImageFrame, including its `video/H256`). */
  readonly contentType: string
}

type Layout = 'implicit' | 'implicit, pixels big endian' | 'explicit' | 'big endian' | 'deflated' | 'encapsulated'

type Row = readonly [
  uid: string,
  name: string,
  layout: Layout,
  /** Left out where frames are unsupported. */
  disposition?: FrameDisposition,
  codec?: FrameCodec,
  /** Left out where no frame is stored in this syntax. */
  contentType?: string,
]

// biome-ignore format: one line a row
const ROWS: readonly Row[] = [
  ['1.2.840.10008.1.2', 'Implicit VR Little Endian', 'implicit', 'transcoded', 'native'],
  ['1.2.840.10008.1.2.1', 'Explicit VR Little Endian', 'explicit', 'transcoded', 'native', 'application/octet-stream'],
  ['1.2.840.10008.1.2.1.98', 'Encapsulated Uncompressed Explicit VR Little Endian', 'encapsulated'],
  ['1.2.840.10008.1.2.1.99', 'Deflated Explicit VR Little Endian', 'deflated', 'transcoded', 'native'],
  ['1.2.840.10008.1.2.2', 'Explicit VR Big Endian', 'big endian', 'transcoded', 'native'],
  ['1.2.840.10008.1.2.4.50', 'JPEG Baseline (Process 1)', 'encapsulated', 'kept', 'jpeg-baseline', 'image/jpeg'],
  ['1.2.840.10008.1.2.4.51', 'JPEG Extended (Process 2 & 4)', 'encapsulated', 'transcoded', 'jpeg-extended'],
  ['1.2.840.10008.1.2.4.52', 'JPEG Extended (Process 3 & 5)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.53', 'JPEG Spectral Selection, Non-Hierarchical (Process 6 & 8)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.54', 'JPEG Spectral Selection, Non-Hierarchical (Process 7 & 9)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.55', 'JPEG Full Progression, Non-Hierarchical (Process 10 & 12)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.56', 'JPEG Full Progression, Non-Hierarchical (Process 11 & 13)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.57', 'JPEG Lossless, Non-Hierarchical (Process 14)', 'encapsulated', 'transcoded', 'jpeg-lossless'],
  ['1.2.840.10008.1.2.4.58', 'JPEG Lossless, Non-Hierarchical (Process 15)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.59', 'JPEG Extended, Hierarchical (Process 16 & 18)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.60', 'JPEG Extended, Hierarchical (Process 17 & 19)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.61', 'JPEG Spectral Selection, Hierarchical (Process 20 & 22)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.62', 'JPEG Spectral Selection, Hierarchical (Process 21 & 23)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.63', 'JPEG Full Progression, Hierarchical (Process 24 & 26)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.64', 'JPEG Full Progression, Hierarchical (Process 25 & 27)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.65', 'JPEG Lossless, Hierarchical (Process 28)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.66', 'JPEG Lossless, Hierarchical (Process 29)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.70', 'JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14)', 'encapsulated', 'transcoded', 'jpeg-lossless'],
  ['1.2.840.10008.1.2.4.80', 'JPEG-LS Lossless', 'encapsulated', 'transcoded', 'jpeg-ls'],
  ['1.2.840.10008.1.2.4.81', 'JPEG-LS Lossy (Near-Lossless)', 'encapsulated', 'transcoded', 'jpeg-ls'],
  ['1.2.840.10008.1.2.4.90', 'JPEG 2000 (Lossless Only)', 'encapsulated', 'transcoded', 'jpeg2000', 'image/j2c'],
  ['1.2.840.10008.1.2.4.91', 'JPEG 2000', 'encapsulated', 'kept', 'jpeg2000', 'image/j2c'],
  ['1.2.840.10008.1.2.4.92', 'JPEG 2000 Part 2 Multi-component (Lossless Only)', 'encapsulated', 'transcoded', 'jpeg2000'],
  ['1.2.840.10008.1.2.4.93', 'JPEG 2000 Part 2 Multi-component', 'encapsulated', 'transcoded', 'jpeg2000'],
  ['1.2.840.10008.1.2.4.94', 'JPIP Referenced', 'explicit'],
  ['1.2.840.10008.1.2.4.95', 'JPIP Referenced Deflate', 'deflated'],
  ['1.2.840.10008.1.2.4.100', 'MPEG2 Main Profile / Main Level', 'encapsulated', 'video', 'mpeg2', 'video/mpeg'],
  ['1.2.840.10008.1.2.4.100.1', 'Fragmentable MPEG2 Main Profile / Main Level', 'encapsulated', 'video', 'mpeg2', 'video/mpeg'],
  ['1.2.840.10008.1.2.4.101', 'MPEG2 Main Profile / High Level', 'encapsulated', 'video', 'mpeg2', 'video/mpeg'],
  ['1.2.840.10008.1.2.4.101.1', 'Fragmentable MPEG2 Main Profile / High Level', 'encapsulated', 'video', 'mpeg2', 'video/mpeg'],
  ['1.2.840.10008.1.2.4.102', 'MPEG-4 AVC/H.264 High Profile / Level 4.1', 'encapsulated', 'video', 'h264', 'video/mp4'],
  ['1.2.840.10008.1.2.4.102.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1', 'encapsulated', 'video', 'h264', 'video/mp4'],
  ['1.2.840.10008.1.2.4.103', 'MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1', 'encapsulated', 'video', 'h264', 'video/mp4'],
  ['1.2.840.10008.1.2.4.103.1', 'Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1', 'encapsulated', 'video', 'h264', 'video/mp4'],
  ['1.2.840.10008.1.2.4.104', 'MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video', 'encapsulated', 'video', 'h264', 'video/mp4'],
  ['1.2.840.10008.1.2.4.104.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video', 'encapsulated', 'video', 'h264', 'video/mp4'],
  ['1.2.840.10008.1.2.4.105', 'MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video', 'encapsulated', 'video', 'h264', 'video/mp4'],
  ['1.2.840.10008.1.2.4.105.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video', 'encapsulated', 'video', 'h264', 'video/mp4'],
  ['1.2.840.10008.1.2.4.106', 'MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2', 'encapsulated', 'video', 'h264', 'video/mp4'],
  ['1.2.840.10008.1.2.4.106.1', 'Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2', 'encapsulated', 'video', 'h264', 'video/mp4'],
  ['1.2.840.10008.1.2.4.107', 'HEVC/H.265 Main Profile / Level 5.1', 'encapsulated', 'video', 'h265', 'video/H256'],
  ['1.2.840.10008.1.2.4.108', 'HEVC/H.265 Main 10 Profile / Level 5.1', 'encapsulated', 'video', 'h265', 'video/H256'],
  ['1.2.840.10008.1.2.4.110', 'JPEG XL Lossless', 'encapsulated'],
  ['1.2.840.10008.1.2.4.111', 'JPEG XL JPEG Recompression', 'encapsulated'],
  ['1.2.840.10008.1.2.4.112', 'JPEG XL', 'encapsulated', 'kept', 'jpeg-xl', 'image/jxl'],
  ['1.2.840.10008.1.2.4.201', 'High-Throughput JPEG 2000 (Lossless Only)', 'encapsulated', 'transcoded', 'htj2k'],
  ['1.2.840.10008.1.2.4.202', 'High-Throughput JPEG 2000 with RPCL Options (Lossless Only)', 'encapsulated', 'transcoded', 'htj2k', 'image/jph'],
  ['1.2.840.10008.1.2.4.203', 'High-Throughput JPEG 2000', 'encapsulated', 'kept', 'htj2k', 'image/jphc'],
  ['1.2.840.10008.1.2.4.204', 'JPIP HTJ2K Referenced', 'explicit'],
  ['1.2.840.10008.1.2.4.205', 'JPIP HTJ2K Referenced Deflate', 'deflated'],
  ['1.2.840.10008.1.2.5', 'RLE Lossless', 'encapsulated', 'transcoded', 'rle'],
  ['1.2.840.10008.1.2.6.1', 'RFC 2557 MIME Encapsulation', 'explicit'],
  ['1.2.840.10008.1.2.6.2', 'XML Encoding', 'explicit'],
  ['1.2.840.10008.1.2.8.1', 'Deflated Image Frame Compression', 'encapsulated'],
  ['1.2.840.10008.1.20', 'Papyrus 3 Implicit VR Little Endian', 'implicit'],
  // Not in PS3.6: written by older CT and MR consoles of GE.
  ['1.2.840.113619.5.2', 'Implicit VR Little Endian with Big Endian Pixel Data (GE Private)', 'implicit, pixels big endian'],
]

export const ImplicitVRLittleEndian = '1.2.840.10008.1.2'
export const ExplicitVRLittleEndian = '1.2.840.10008.1.2.1'
export const DeflatedExplicitVRLittleEndian = '1.2.840.10008.1.2.1.99'
export const ExplicitVRBigEndian = '1.2.840.10008.1.2.2'
export const JPEGBaseline = '1.2.840.10008.1.2.4.50'
export const JPEGExtended = '1.2.840.10008.1.2.4.51'
export const JPEGLossless = '1.2.840.10008.1.2.4.57'
export const JPEGLSLossless = '1.2.840.10008.1.2.4.80'
export const JPEG2000Lossless = '1.2.840.10008.1.2.4.90'
export const JPEG2000 = '1.2.840.10008.1.2.4.91'
export const JPEGXL = '1.2.840.10008.1.2.4.112'
export const HTJ2KLossless = '1.2.840.10008.1.2.4.201'
export const HTJ2KLosslessRPCL = '1.2.840.10008.1.2.4.202'
export const HTJ2K = '1.2.840.10008.1.2.4.203'
export const RLELossless = '1.2.840.10008.1.2.5'

/** The transfer syntax of transcoded frames. */
export const STORED_AS: Readonly<Record<StorageFormat, string>> = {
  HTJ2K: HTJ2KLosslessRPCL,
  JPEG_2000_LOSSLESS: JPEG2000Lossless,
}

const OCTET_STREAM = 'application/octet-stream'

const BY_UID: ReadonlyMap<string, TransferSyntax> = new Map(
  ROWS.map(([uid, name, layout, disposition, codec, contentType]) => [
    uid,
    {
      uid,
      name,
      littleEndian: layout !== 'big endian',
      explicitVR: !layout.startsWith('implicit'),
      deflated: layout === 'deflated',
      encapsulated: layout === 'encapsulated',
      hasBigEndianPixels: layout.endsWith('big endian'),
      disposition: disposition ?? 'unsupported',
      codec,
      contentType: contentType ?? OCTET_STREAM,
    },
  ]),
)

/** @returns undefined for a UID that is not in the table (unknown or private) */
export function transferSyntaxOf(uid: string): TransferSyntax | undefined {
  return BY_UID.get(uid)
}

/** @param isBinary samples of one bit, as in a binary segmentation: explicit VR little endian keeps them */
export function dispositionOf(uid: string, { isBinary }: { isBinary: boolean }): FrameDisposition {
  if (uid === ExplicitVRLittleEndian && isBinary) return 'kept'
  return transferSyntaxOf(uid)?.disposition ?? 'unsupported'
}

export const isVideoSyntax = (uid: string): boolean => transferSyntaxOf(uid)?.disposition === 'video'

/** The Content-Type with which GetImageFrame serves frames that are stored in this syntax. */
export const frameContentType = (storedTransferSyntaxUID: string): string =>
  transferSyntaxOf(storedTransferSyntaxUID)?.contentType ?? OCTET_STREAM
