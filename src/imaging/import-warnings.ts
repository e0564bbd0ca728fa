/**
 * The warnings of an imported file (AWS "Warning codes"). Codes are the decimal values of AWS's hexadecimal ones: three decimals of AWS's
 * table contradict their hexadecimal value, and WarningReason (0008,1196) is a 16-bit value.
 */
import type { ToleratedFault } from '../dicom/tolerated-faults.ts'

export interface ImportWarning {
  readonly warning_reason_code: number
  readonly type: string
  readonly message: string
}

const WARNINGS = {
  CoercionOfDataElements: 0xb000,
  ElementsDiscarded: 0xb006,
  SOPClassDataMismatch: 0xb007,
  TranscodingException: 0xb100,
  FramesExtractionFailure: 0xb110,
  FrameNumberMismatch: 0xb111,
  InvalidOffsetTable: 0xb112,
  InvalidUIDFormat: 0xb201,
  InvalidDICOMValueLength: 0xb202,
  UnsupportedTransferSyntax: 0xb120,
  Other: 0xbfff,
} as const

export const importWarning = (type: keyof typeof WARNINGS, message: string): ImportWarning => ({
  warning_reason_code: WARNINGS[type],
  type,
  message,
})

const TOLERATED: Readonly<Record<ToleratedFault, string>> = {
  'pixel-data-without-delimiter': 'The pixel data has no sequence delimiter; it was read up to the end of the file',
  'blank-vr': 'The file has elements whose value representation is blank; the one of the dictionary was taken',
  'trailing-zeros': 'The file has zeros behind its last element; they were read over',
}

/** AWS has no code for violations of the standard that are tolerated. */
export const toleratedFaults = (faults: Iterable<ToleratedFault>): ImportWarning[] =>
  [...faults].map((fault) => importWarning('Other', TOLERATED[fault]))

const KEYS_NAMED = 10

/** A list of attributes for a message, shortened. */
export function namesOf(keys: readonly string[]): string {
  const more = keys.length > KEYS_NAMED ? ` and ${keys.length - KEYS_NAMED} more` : ''
  return `${keys.slice(0, KEYS_NAMED).join(', ')}${more}`
}

/** For patient, study and series attributes that differ between the instances of an image set. */
export const coercionWarning = (keys: readonly string[]): ImportWarning =>
  importWarning(
    'CoercionOfDataElements',
    `Patient, study or series attributes differ from those of the image set and are kept with the instance: ${namesOf(keys)}`,
  )
