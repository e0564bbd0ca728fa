/** What the dicom room throws, and nothing else: which element, where in the bytes, and why. Never a value of a patient. */

export interface DicomFault {
  /** What is wrong, as a sentence without any attribute value. */
  reason: string
  /** The element concerned, `GGGGEEEE` in upper-case hex. */
  tag?: string
  /** Where in the file, in bytes from its start; in a deflated file, from the start of the inflated data set. */
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

/** The bytes given are only the beginning of the file, and too little of it: read on and parse again. The file may be sound. */
export class PrefixTooShortError extends DicomError {
  readonly needMoreBytes = true
  /** The least prefix that gets any further, in bytes; never more than the file's size. A longer one may be needed still. */
  readonly minimumSizeBytes: number

  constructor(fault: DicomFault & { minimumSizeBytes: number }) {
    super(fault)
    this.name = 'PrefixTooShortError'
    this.minimumSizeBytes = fault.minimumSizeBytes
  }
}

/** The bytes are no DICOM file, nor a data set that could be one. In the words of AWS. */
export class NotDicomError extends DicomError {
  /** Where reading stopped, and why. */
  readonly stopped: DicomFault

  constructor(stopped: DicomError) {
    super({ reason: 'DICOM attributes does not exist' }, { cause: stopped })
    this.name = 'NotDicomError'
    this.stopped = stopped
  }
}
