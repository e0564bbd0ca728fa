/** What an instance says of its pixel data in DICOMweb: the transfer syntax as stored, and the element. */
import { ExplicitVRLittleEndian, transferSyntaxOf } from '../../dicom/transfer-syntaxes.ts'
import type { PixelAttributes } from '../../imaging/documents/write-instance-objects.ts'
import type { InstanceRecord } from '../../stores/catalog/image-set-records.ts'

interface PixelElement {
  readonly tag: '7FE00010' | '7FE00008' | '7FE00009'
  readonly vr: 'OB' | 'OW' | 'OF' | 'OD'
}

/** Undefined for an instance without frames. */
export function pixelElementOf({ frames }: InstanceRecord, instance: PixelAttributes): PixelElement | undefined {
  if (frames === undefined) return undefined
  const { BitsAllocated } = instance.own
  if (isFloat(instance)) return BitsAllocated === 32 ? { tag: '7FE00008', vr: 'OF' } : { tag: '7FE00009', vr: 'OD' }
  const isNative = frames.storedTransferSyntaxUID === ExplicitVRLittleEndian
  return { tag: '7FE00010', vr: isNative && Number(BitsAllocated) > 8 ? 'OW' : 'OB' }
}

/** Inferred: floating point pixels have no BitsStored (PS3.3 C.7.6.24), and no minimum and maximum in the document. */
export function isFloat({ own, imageFrames }: PixelAttributes): boolean {
  if (own.BitsAllocated === 64) return own.BitsStored === undefined
  return own.BitsAllocated === 32 && imageFrames().every(({ MinPixelValue }) => MinPixelValue === null)
}

/** An image without frames has pixel data that could not be split: they are as in the imported file. */
export function isImage({ own }: Pick<PixelAttributes, 'own'>): boolean {
  return ['Rows', 'Columns', 'BitsAllocated'].every((keyword) => own[keyword] !== undefined)
}

/** The transfer syntax of the instance as it is stored. */
export function syntaxInFile({ frames, transferSyntaxUID }: InstanceRecord, instance: PixelAttributes): string {
  if (frames !== undefined) return frames.storedTransferSyntaxUID
  const isKept = isImage(instance) && transferSyntaxOf(transferSyntaxUID)?.encapsulated === true
  return isKept ? transferSyntaxUID : ExplicitVRLittleEndian
}
