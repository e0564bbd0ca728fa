/** What the dicom room throws, and nothing else: which element, where in the bytes, and why. Never a value of a patient. */

export interface DicomFault {
  /** What is wrong, as a sentence without any attribute value. */
  reason: string
  /** The element concerned, `GGGGEEEE` in upper-case hex. */
  tag?: string
  /** Where in the file, in bytes from its start. */
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
