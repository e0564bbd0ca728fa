/** Instances that are videos: one stored frame has the whole video, in a format that browsers may not play. */
import { VIDEO_BYTES_MAX } from './stack/limits.ts'
import type { StackImage } from './stack/stack.ts'

const MPEG2 = /^1\.2\.840\.10008\.1\.2\.4\.10[01](\.1)?$/
const MPEG4 = /^1\.2\.840\.10008\.1\.2\.4\.10[2-6](\.1)?$/
const HEVC = /^1\.2\.840\.10008\.1\.2\.4\.10[78]$/

export const isVideo = ({ storedTransferSyntaxUID: uid = '' }: StackImage): boolean =>
  MPEG2.test(uid) || MPEG4.test(uid) || HEVC.test(uid)

/** Why browsers can't play the video, as far as the metadata says. Undefined if it is worth trying. */
export function unplayableReason({ storedTransferSyntaxUID: uid = '', frame }: StackImage): string | undefined {
  if (MPEG2.test(uid)) return "Browsers can't play MPEG-2. To download the video, use get-image-frame of the AWS CLI."
  if ((frame?.FrameSizeInBytes ?? 0) > VIDEO_BYTES_MAX) {
    return 'The video is too large to play in the browser. To download it, use get-image-frame of the AWS CLI.'
  }
  return undefined
}
