/**
 * What is wrong with a text that is searched for, before anything is sent: the rules for UIDs are those of the note in AWS's
 * documentation of the console (digits and periods, at least one period, none at the ends, no letters, no white space).
 */

export interface Fault {
  readonly reason: string
  /** The text as it was probably meant. */
  readonly mended?: string
}

const TEXT_MAX = 512

/** Undefined where it can be searched for. */
export function faultOfUid(text: string): Fault | undefined {
  if (text === '') return { reason: 'Enter a UID, or choose another property.' }
  if (/\s/u.test(text)) {
    return { reason: 'A UID has no white space, and this has some.', mended: text.replaceAll(/\s+/gu, '') }
  }
  const foreign = /[^0-9.]/u.exec(text)?.[0]
  if (foreign !== undefined) {
    const what = /\p{L}/u.test(foreign) ? 'the letter' : 'the sign'
    return { reason: `A UID has only digits and periods, and this has ${what} “${foreign}”.` }
  }
  if (text.startsWith('.')) return { reason: 'A UID does not begin with a period.' }
  if (text.endsWith('.')) return { reason: 'A UID does not end with a period.' }
  if (!text.includes('.')) return { reason: 'A UID has at least one period between its numbers.' }
  return tooLong(text)
}

/** Ids are whatever a hospital makes them, but nobody means the white space around what was pasted. */
export function faultOfText(text: string): Fault | undefined {
  if (text.trim() === '') return { reason: 'Enter a value to search for, or choose another property.' }
  return tooLong(text)
}

/** Said beside the field, and sent all the same where the person does not mind. */
export function whiteSpaceAround(text: string): Fault | undefined {
  const mended = text.trim()
  if (mended === text || mended === '') return undefined
  return { reason: 'There is white space around this value; it will be searched for as it is.', mended }
}

const tooLong = (text: string): Fault | undefined =>
  text.length > TEXT_MAX
    ? { reason: `A value has at most ${TEXT_MAX} characters, and this has ${text.length}.` }
    : undefined
