/** Checks by its first bytes whether a stream is the kind of video that its transfer syntax names (AWS: "lightweight" validation). */

import { transferSyntaxOf } from '../../dicom/transfer-syntaxes.ts'

/** How much of the stream the check needs. */
export const VIDEO_BEGINNING_BYTES = 189

/** Every packet of an MPEG transport stream has this length and starts with this byte. */
const SYNC = 0x47
const PACKET_BYTES = 188

export function isVideoOf(transferSyntaxUID: string, beginning: Uint8Array): boolean {
  if (beginning[0] === SYNC && beginning[PACKET_BYTES] === SYNC) return true
  const startCode = startCodeOf(beginning)
  // A sequence header, or a pack of a program stream.
  if (transferSyntaxOf(transferSyntaxUID)?.codec === 'mpeg2') return startCode === 0xb3 || startCode === 0xba
  const isMP4 = String.fromCharCode(...beginning.subarray(4, 8)) === 'ftyp'
  // The first bit of a NAL unit is zero.
  return isMP4 || (startCode !== undefined && startCode < 0x80)
}

/** The byte after the start code prefix 00 00 01, which one more zero byte may precede. */
function startCodeOf(beginning: Uint8Array): number | undefined {
  const from = beginning[2] === 0 ? 1 : 0
  const isPrefix = beginning[from] === 0 && beginning[from + 1] === 0 && beginning[from + 2] === 1 && beginning[0] === 0
  return isPrefix ? beginning[from + 3] : undefined
}
