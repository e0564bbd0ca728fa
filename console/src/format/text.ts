/** Formats texts. */

/** Adds the full stop that most messages of the API don't have. */
export const asSentence = (text: string): string => (text === '' || /[.!?]$/.test(text) ? text : `${text}.`)

export const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
