/** The codec of a transfer syntax, as far as it decides how much memory decoding takes. */
import { transferSyntaxOf } from '../../dicom/transfer-syntaxes.ts'

export type FrameCoding = 'native' | 'RLE' | 'JPEG' | 'JPEG-LS' | 'JPEG 2000' | 'HTJ2K'

export function codingOf(transferSyntaxUID: string): FrameCoding {
  switch (transferSyntaxOf(transferSyntaxUID)?.codec) {
    case 'rle':
      return 'RLE'
    case 'jpeg-baseline':
    case 'jpeg-extended':
    case 'jpeg-lossless':
      return 'JPEG'
    case 'jpeg-ls':
      return 'JPEG-LS'
    case 'jpeg2000':
      return 'JPEG 2000'
    case 'htj2k':
      return 'HTJ2K'
    default:
      return 'native'
  }
}
