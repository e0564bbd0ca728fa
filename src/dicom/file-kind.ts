/**
 * Recognises what a file that is not DICOM is by its first bytes, for the message of a failed import. Names the kind of the file and never
 * quotes its content.
 */

interface Signature {
  readonly kind: string
  /** Hexadecimal, two digits per byte. */
  readonly bytes: string
  /** Offset of the bytes in the file. Default: 0. */
  readonly at?: number
}

const SIGNATURES: readonly Signature[] = [
  { kind: 'a gzip archive', bytes: '1f8b' },
  { kind: 'a zip archive', bytes: '504b0304' },
  { kind: 'a zip archive', bytes: '504b0506' },
  { kind: 'a bzip2 archive', bytes: '425a68' },
  { kind: 'an xz archive', bytes: 'fd377a585a00' },
  { kind: 'a Zstandard archive', bytes: '28b52ffd' },
  { kind: 'a 7-Zip archive', bytes: '377abcaf271c' },
  { kind: 'a RAR archive', bytes: '526172211a07' },
  { kind: 'a tar archive', bytes: '7573746172', at: 257 },
  { kind: 'a PNG picture', bytes: '89504e470d0a1a0a' },
  { kind: 'a JPEG picture', bytes: 'ffd8ff' },
  { kind: 'a JPEG 2000 picture', bytes: '0000000c6a502020' },
  { kind: 'a JPEG 2000 codestream', bytes: 'ff4fff51' },
  { kind: 'a GIF picture', bytes: '47494638' },
  { kind: 'a BMP picture', bytes: '424d' },
  { kind: 'a TIFF picture', bytes: '49492a00' },
  { kind: 'a TIFF picture', bytes: '4d4d002a' },
  { kind: 'a PDF document', bytes: '255044462d' },
  { kind: 'an MP4 video', bytes: '66747970', at: 4 },
  { kind: 'a NIfTI volume', bytes: '6e2b3100', at: 344 },
  { kind: 'an HDF5 file', bytes: '894844460d0a1a0a' },
  { kind: 'an AppleDouble file of macOS', bytes: '00051607' },
  { kind: 'a folder file of the macOS Finder', bytes: '0000000142756431' },
  { kind: 'an OLE compound file', bytes: 'd0cf11e0a1b11ae1' },
  { kind: 'an SQLite database', bytes: '53514c69746520666f726d6174203300' },
  { kind: 'a program for Linux', bytes: '7f454c46' },
  { kind: 'a program for Windows', bytes: '4d5a' },
  { kind: 'a DICOM data set without preamble and file meta information', bytes: '0800' },
  { kind: 'a DICOM data set without preamble and file meta information', bytes: '00080005' },
]

/** How many bytes must be text for a file to count as text. */
const TEXT_BYTES = 4096
const TEXT_CONTROLS = new Set([...'\t\n\f\r\u001b'].map((character) => character.charCodeAt(0)))

/** @param bytes the file or its beginning; `sizeBytes` is the size of the whole file */
export function fileKindOf(bytes: Uint8Array, sizeBytes: number): string {
  if (sizeBytes === 0) return 'empty'
  if (bytes.every((byte) => byte === 0)) {
    return bytes.length < sizeBytes ? `a file that begins with ${bytes.length} zero bytes` : 'a file of only zero bytes'
  }
  const found = SIGNATURES.find((signature) => isAt(bytes, signature))
  return (
    found?.kind ?? (isText(bytes.subarray(0, TEXT_BYTES)) ? 'a text file' : 'a file of a kind that Hilum does not know')
  )
}

const isAt = (bytes: Uint8Array, { bytes: digits, at = 0 }: Signature): boolean =>
  bytes.length >= at + digits.length / 2 &&
  [...(digits.match(/../g) ?? [])].every((digit, index) => bytes[at + index] === Number.parseInt(digit, 16))

function isText(bytes: Uint8Array): boolean {
  if (bytes.some((byte) => byte === 0x7f || (byte < 0x20 && !TEXT_CONTROLS.has(byte)))) return false
  try {
    // The last character may be truncated.
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}
