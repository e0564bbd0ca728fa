/** The transfer syntaxes of PS3.6 table A-1, retired ones included, and what each means for reading the bytes (PS3.5 chapter 10, annex A). */

export interface TransferSyntax {
  uid: string
  name: string
  littleEndian: boolean
  explicitVR: boolean
  /** The whole data set is a raw deflate stream after the file meta information (PS3.5 A.5). */
  deflated: boolean
  /** Pixel Data is a sequence of fragments (PS3.5 A.4). */
  encapsulated: boolean
}

type Layout = 'implicit' | 'explicit' | 'big endian' | 'deflated' | 'encapsulated'

const ROWS: readonly (readonly [uid: string, name: string, layout: Layout])[] = [
  ['1.2.840.10008.1.2', 'Implicit VR Little Endian', 'implicit'],
  ['1.2.840.10008.1.2.1', 'Explicit VR Little Endian', 'explicit'],
  ['1.2.840.10008.1.2.1.98', 'Encapsulated Uncompressed Explicit VR Little Endian', 'encapsulated'],
  ['1.2.840.10008.1.2.1.99', 'Deflated Explicit VR Little Endian', 'deflated'],
  ['1.2.840.10008.1.2.2', 'Explicit VR Big Endian', 'big endian'],
  ['1.2.840.10008.1.2.4.50', 'JPEG Baseline (Process 1)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.51', 'JPEG Extended (Process 2 & 4)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.52', 'JPEG Extended (Process 3 & 5)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.53', 'JPEG Spectral Selection, Non-Hierarchical (Process 6 & 8)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.54', 'JPEG Spectral Selection, Non-Hierarchical (Process 7 & 9)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.55', 'JPEG Full Progression, Non-Hierarchical (Process 10 & 12)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.56', 'JPEG Full Progression, Non-Hierarchical (Process 11 & 13)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.57', 'JPEG Lossless, Non-Hierarchical (Process 14)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.58', 'JPEG Lossless, Non-Hierarchical (Process 15)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.59', 'JPEG Extended, Hierarchical (Process 16 & 18)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.60', 'JPEG Extended, Hierarchical (Process 17 & 19)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.61', 'JPEG Spectral Selection, Hierarchical (Process 20 & 22)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.62', 'JPEG Spectral Selection, Hierarchical (Process 21 & 23)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.63', 'JPEG Full Progression, Hierarchical (Process 24 & 26)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.64', 'JPEG Full Progression, Hierarchical (Process 25 & 27)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.65', 'JPEG Lossless, Hierarchical (Process 28)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.66', 'JPEG Lossless, Hierarchical (Process 29)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.70', 'JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.80', 'JPEG-LS Lossless', 'encapsulated'],
  ['1.2.840.10008.1.2.4.81', 'JPEG-LS Lossy (Near-Lossless)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.90', 'JPEG 2000 (Lossless Only)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.91', 'JPEG 2000', 'encapsulated'],
  ['1.2.840.10008.1.2.4.92', 'JPEG 2000 Part 2 Multi-component (Lossless Only)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.93', 'JPEG 2000 Part 2 Multi-component', 'encapsulated'],
  ['1.2.840.10008.1.2.4.94', 'JPIP Referenced', 'explicit'],
  ['1.2.840.10008.1.2.4.95', 'JPIP Referenced Deflate', 'deflated'],
  ['1.2.840.10008.1.2.4.100', 'MPEG2 Main Profile / Main Level', 'encapsulated'],
  ['1.2.840.10008.1.2.4.100.1', 'Fragmentable MPEG2 Main Profile / Main Level', 'encapsulated'],
  ['1.2.840.10008.1.2.4.101', 'MPEG2 Main Profile / High Level', 'encapsulated'],
  ['1.2.840.10008.1.2.4.101.1', 'Fragmentable MPEG2 Main Profile / High Level', 'encapsulated'],
  ['1.2.840.10008.1.2.4.102', 'MPEG-4 AVC/H.264 High Profile / Level 4.1', 'encapsulated'],
  ['1.2.840.10008.1.2.4.102.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1', 'encapsulated'],
  ['1.2.840.10008.1.2.4.103', 'MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1', 'encapsulated'],
  ['1.2.840.10008.1.2.4.103.1', 'Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1', 'encapsulated'],
  ['1.2.840.10008.1.2.4.104', 'MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video', 'encapsulated'],
  ['1.2.840.10008.1.2.4.104.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video', 'encapsulated'],
  ['1.2.840.10008.1.2.4.105', 'MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video', 'encapsulated'],
  ['1.2.840.10008.1.2.4.105.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video', 'encapsulated'],
  ['1.2.840.10008.1.2.4.106', 'MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2', 'encapsulated'],
  ['1.2.840.10008.1.2.4.106.1', 'Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2', 'encapsulated'],
  ['1.2.840.10008.1.2.4.107', 'HEVC/H.265 Main Profile / Level 5.1', 'encapsulated'],
  ['1.2.840.10008.1.2.4.108', 'HEVC/H.265 Main 10 Profile / Level 5.1', 'encapsulated'],
  ['1.2.840.10008.1.2.4.110', 'JPEG XL Lossless', 'encapsulated'],
  ['1.2.840.10008.1.2.4.111', 'JPEG XL JPEG Recompression', 'encapsulated'],
  ['1.2.840.10008.1.2.4.112', 'JPEG XL', 'encapsulated'],
  ['1.2.840.10008.1.2.4.201', 'High-Throughput JPEG 2000 (Lossless Only)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.202', 'High-Throughput JPEG 2000 with RPCL Options (Lossless Only)', 'encapsulated'],
  ['1.2.840.10008.1.2.4.203', 'High-Throughput JPEG 2000', 'encapsulated'],
  ['1.2.840.10008.1.2.4.204', 'JPIP HTJ2K Referenced', 'explicit'],
  ['1.2.840.10008.1.2.4.205', 'JPIP HTJ2K Referenced Deflate', 'deflated'],
  ['1.2.840.10008.1.2.5', 'RLE Lossless', 'encapsulated'],
  ['1.2.840.10008.1.2.6.1', 'RFC 2557 MIME Encapsulation', 'explicit'],
  ['1.2.840.10008.1.2.6.2', 'XML Encoding', 'explicit'],
  ['1.2.840.10008.1.2.8.1', 'Deflated Image Frame Compression', 'encapsulated'],
  ['1.2.840.10008.1.20', 'Papyrus 3 Implicit VR Little Endian', 'implicit'],
  // Not of PS3.6, but of GE's old CT and MR consoles.
  ['1.2.840.113619.5.2', 'Implicit VR Little Endian with Big Endian Pixel Data (GE Private)', 'implicit'],
]

export const ImplicitVRLittleEndian = '1.2.840.10008.1.2'
export const ExplicitVRLittleEndian = '1.2.840.10008.1.2.1'
export const DeflatedExplicitVRLittleEndian = '1.2.840.10008.1.2.1.99'
export const ExplicitVRBigEndian = '1.2.840.10008.1.2.2'
export const RLELossless = '1.2.840.10008.1.2.5'
export const HTJ2KLossless = '1.2.840.10008.1.2.4.201'
export const HTJ2KLosslessRPCL = '1.2.840.10008.1.2.4.202'

const BY_UID: ReadonlyMap<string, TransferSyntax> = new Map(
  ROWS.map(([uid, name, layout]) => [
    uid,
    {
      uid,
      name,
      littleEndian: layout !== 'big endian',
      explicitVR: layout !== 'implicit',
      deflated: layout === 'deflated',
      encapsulated: layout === 'encapsulated',
    },
  ]),
)

/** The row of a transfer syntax UID, or undefined for one that this table does not hold (unknown, private). */
export function transferSyntaxOf(uid: string): TransferSyntax | undefined {
  return BY_UID.get(uid)
}
