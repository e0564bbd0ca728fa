/** Whether a stream may be the video that its transfer syntax promises: a look at its first bytes, as AWS has it "lightweight". */

/** Bytes that have to be looked at. */
export const VIDEO_BEGINNING_BYTES = 189

/** Each packet of a transport stream begins with this byte, and has so many. */
const SYNC = 0x47
const PACKET_BYTES = 188

export function isVideoOf(transferSyntaxUID: string, beginning: Uint8Array): boolean {
  if (beginning[0] === SYNC && beginning[PACKET_BYTES] === SYNC) return true
  const startCode = startCodeOf(beginning)
  // A sequence header, or a pack of a program stream.
  if (/\.4\.10[01](\.1)?$/.test(transferSyntaxUID)) return startCode === 0xb3 || startCode === 0xba
  const isMP4 = String.fromCharCode(...beginning.subarray(4, 8)) === 'ftyp'
  // A unit of the coded stream begins with a zero bit.
  return isMP4 || (startCode !== undefined && startCode < 0x80)
}

/** The byte behind 00 00 01, with which elementary streams begin, with one more zero before it or without. */
function startCodeOf(beginning: Uint8Array): number | undefined {
  const from = beginning[2] === 0 ? 1 : 0
  const isPrefix = beginning[from] === 0 && beginning[from + 1] === 0 && beginning[from + 2] === 1 && beginning[0] === 0
  return isPrefix ? beginning[from + 3] : undefined
}
