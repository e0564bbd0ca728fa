/** Values of the DICOM JSON model (PS3.18 F.2) as texts. */

interface Attribute {
  readonly Value?: readonly unknown[]
}

/** By tag: `00100020`. */
export type DicomObject = Readonly<Record<string, Attribute | undefined>>

export const textOf = (object: DicomObject, tag: string): string => String(object[tag]?.Value?.[0] ?? '')

export const textsOf = (object: DicomObject, tag: string): readonly string[] =>
  (object[tag]?.Value ?? []).map((value) => String(value ?? ''))

/** A name as PN has it: groups separated by `=`. */
export function nameOf(object: DicomObject, tag: string): string {
  const { Alphabetic = '', Ideographic = '' } = (object[tag]?.Value?.[0] ?? {}) as {
    readonly Alphabetic?: string
    readonly Ideographic?: string
  }
  return Ideographic === '' ? Alphabetic : `${Alphabetic}=${Ideographic}`
}
