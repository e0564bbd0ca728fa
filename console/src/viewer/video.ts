/** Instances that are a video: one stored frame holds all of it, in a format that a browser may or may not play. */
import { VIDEO_BYTES_MAX } from './stack/limits.ts'
import type { StackImage } from './stack/stack.ts'

const MPEG2 = /^1\.2\.840\.10008\.1\.2\.4\.10[01](\.1)?$/
const MPEG4 = /^1\.2\.840\.10008\.1\.2\.4\.10[2-6](\.1)?$/
const HEVC = /^1\.2\.840\.10008\.1\.2\.4\.10[78]$/

export const isVideo = ({ storedTransferSyntaxUID: uid = '' }: StackImage): boolean =>
  MPEG2.test(uid) || MPEG4.test(uid) || HEVC.test(uid)

/** What is known before a byte of it is fetched; undefined where it may be tried. */
export function unplayableReason({ storedTransferSyntaxUID: uid = '', frame }: StackImage): string | undefined {
  if (MPEG2.test(uid)) return 'It is MPEG-2, which browsers do not play. The AWS CLI fetches it with get-image-frame.'
  if ((frame?.FrameSizeInBytes ?? 0) > VIDEO_BYTES_MAX) {
    return 'It is larger than a page can hold. The AWS CLI fetches it with get-image-frame.'
  }
  return undefined
}
