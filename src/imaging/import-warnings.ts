/**
 * The warnings an imported file can carry (AWS "Warning codes"). Codes are the decimals of the hexadecimal ones: three decimals of
 * AWS's table contradict their own hex, and WarningReason (0008,1196) is a 16-bit value, so the hex is taken as meant.
 */

export interface ImportWarning {
  readonly warning_reason_code: number
  readonly type: string
  readonly message: string
}

const WARNINGS = {
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
