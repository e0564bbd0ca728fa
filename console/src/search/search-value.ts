/**
 * Validates the value of a search before a request is sent. The rules for UIDs are those of AWS's documentation of the console: digits and
 * periods only, at least one period, none at the start or the end, no letters and no white space.
 */

export interface ValueError {
  readonly message: string
  /** The value with the error corrected. */
  readonly correctedValue?: string
}

const VALUE_CHARACTERS_MAX = 512

export function uidError(value: string): ValueError | undefined {
  if (value === '') return { message: 'Enter a UID, or choose another property.' }
  if (/\s/u.test(value)) {
    return { message: "A UID can't contain white space.", correctedValue: value.replaceAll(/\s+/gu, '') }
  }
  const invalid = /[^0-9.]/u.exec(value)?.[0]
  if (invalid !== undefined) {
    const kind = /\p{L}/u.test(invalid) ? 'the letter' : 'the character'
    return { message: `A UID can contain only digits and periods, not ${kind} “${invalid}”.` }
  }
  if (value.startsWith('.')) return { message: "A UID can't start with a period." }
  if (value.endsWith('.')) return { message: "A UID can't end with a period." }
  if (!value.includes('.')) return { message: 'A UID must contain at least one period.' }
  return lengthError(value)
}

export function textError(value: string): ValueError | undefined {
  if (value.trim() === '') return { message: 'Enter a value, or choose another property.' }
  return lengthError(value)
}

/** A warning only: an identifier may contain white space, but it usually comes from copying. */
export function whiteSpaceWarning(value: string): ValueError | undefined {
  const correctedValue = value.trim()
  if (correctedValue === value || correctedValue === '') return undefined
  return { message: 'This value starts or ends with white space, which is part of the search.', correctedValue }
}

const lengthError = (value: string): ValueError | undefined =>
  value.length > VALUE_CHARACTERS_MAX
    ? { message: `A value can have up to ${VALUE_CHARACTERS_MAX} characters. This one has ${value.length}.` }
    : undefined
