/** The only errors that this module throws: which element, at which offset, and why. They never contain a value of a patient. */

export interface DicomFault {
  /** The fault, as a sentence without attribute values. */
  reason: string
  /** The element, `GGGGEEEE` in upper-case hex. */
  tag?: string
  /** Offset in bytes from the start of the file or, in a deflated file, of the inflated data set. */
  offsetBytes?: number
}

export class DicomError extends Error implements DicomFault {
  readonly reason: string
  readonly tag?: string
  readonly offsetBytes?: number

  constructor(fault: DicomFault, options?: { cause?: unknown }) {
    const at = fault.offsetBytes === undefined ? '' : ` at byte ${fault.offsetBytes}`
    const element = fault.tag === undefined ? '' : ` (${fault.tag.slice(0, 4)},${fault.tag.slice(4)})`
    super(`${fault.reason}${element}${at}`, options)
    this.name = 'DicomError'
    this.reason = fault.reason
    if (fault.tag !== undefined) this.tag = fault.tag
    if (fault.offsetBytes !== undefined) this.offsetBytes = fault.offsetBytes
  }
}

/** The given bytes are only the beginning of the file, and too short: read more and parse again. The file may be valid. */
export class PrefixTooShortError extends DicomError {
  readonly needMoreBytes = true
  /** The least number of bytes that makes progress, at most the file's size. Even more may be needed. */
  readonly minimumSizeBytes: number

  constructor(fault: DicomFault & { minimumSizeBytes: number }) {
    super(fault)
    this.name = 'PrefixTooShortError'
    this.minimumSizeBytes = fault.minimumSizeBytes
  }
}

/** The bytes are neither a DICOM file nor a bare data set. The message is AWS's. */
export class NotDicomError extends DicomError {
  /** Where parsing stopped, and why. */
  readonly stopped: DicomFault

  constructor(stopped: DicomError) {
    super({ reason: 'DICOM attributes does not exist' }, { cause: stopped })
    this.name = 'NotDicomError'
    this.stopped = stopped
  }
}
