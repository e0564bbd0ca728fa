/** What is stored of one frame, and the error of an instance whose frames cannot be stored. */
import type { ByteRange } from '../dicom/byte-source.ts'
import type { FramesWarning } from './frame-plan.ts'

export interface StoredFrame {
  /** From 1, as DICOM counts. */
  readonly frameNumber: number
  readonly columns: number
  readonly rows: number
  /** CRC32 (IEEE) of the decoded pixels; of the bytes, if the frame is kept as it is. */
  readonly checksum: number
  /** Of the stored bytes (checksum/stored-checksum.ts). */
  readonly storedChecksum: number
  readonly minPixelValue: number | null
  readonly maxPixelValue: number | null
  readonly sizeBytes: number
  readonly photometricInterpretation: string
  readonly content: /** The bytes have their own memory. */
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
    /** The frame is in the file of the instance, and is not stored twice. */
    | { readonly kind: 'ranges'; readonly ranges: readonly ByteRange[] }
}

/** No frame of the instance can be stored. Frames that were returned before are to be discarded. */
export class FramesUnavailable extends Error {
  override readonly name = 'FramesUnavailable'
  readonly warning: FramesWarning

  constructor(warning: FramesWarning) {
    super(warning.message)
    this.warning = warning
  }
}
