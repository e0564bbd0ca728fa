/** Instances that are videos: one stored frame has the whole video, in a format that browsers may not play. */
import { formatBytes } from '../format/size.ts'
import { VIDEO_BYTES_MAX } from './stack/limits.ts'
import type { StackImage } from './stack/stack.ts'

const MPEG2 = /^1\.2\.840\.10008\.1\.2\.4\.10[01](\.1)?$/
const MPEG4 = /^1\.2\.840\.10008\.1\.2\.4\.10[2-6](\.1)?$/
const HEVC = /^1\.2\.840\.10008\.1\.2\.4\.10[78]$/

export const isVideo = ({ storedTransferSyntaxUID: uid = '' }: StackImage): boolean =>
  MPEG2.test(uid) || MPEG4.test(uid) || HEVC.test(uid)

/** A video that is larger is neither played nor downloaded by the browser, which would have it in memory as a whole. */
export const isTooLarge = ({ frame }: StackImage): boolean => (frame?.FrameSizeInBytes ?? 0) > VIDEO_BYTES_MAX

/** Why browsers can't play the video, as far as the metadata says. Undefined if it is worth trying. */
export function unplayableReason(image: StackImage): string | undefined {
  if (image.frame === undefined) {
    return "Its video couldn't be read during the import. See the report of the import job."
  }
  if (isTooLarge(image)) {
    return `It has more than ${formatBytes(VIDEO_BYTES_MAX)}. To download the video, use get-image-frame of the AWS CLI.`
  }
  if (MPEG2.test(image.storedTransferSyntaxUID ?? '')) return "Browsers can't play MPEG-2. Download the video."
  return undefined
}

/** Of the file with the video. */
export const videoEnding = ({ storedTransferSyntaxUID: uid = '' }: StackImage): string =>
  MPEG2.test(uid) ? 'mpg' : HEVC.test(uid) ? 'hevc' : 'mp4'
