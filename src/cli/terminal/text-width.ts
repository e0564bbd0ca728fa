/** The width of text in a terminal: a Chinese character takes two columns, a combining mark none. */

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f9ff}\u{20000}-\u{3fffd}]/u
const ZERO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u

export const widthOf = (text: string): number =>
  [...text].reduce((sum, character) => sum + (ZERO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1), 0)

/** Without control characters, so that values of an image set cannot control the terminal. */
export const shown = (text: string): string => text.replaceAll(/\p{Cc}/gu, '')

/** Cut with an ellipsis, or padded with spaces, to the width. */
export function fitted(text: string, columns: number): string {
  const clean = shown(text)
  if (widthOf(clean) <= columns) return clean + ' '.repeat(columns - widthOf(clean))
  let cut = ''
  for (const character of clean) {
    if (widthOf(cut + character) > columns - 1) break
    cut += character
  }
  return `${cut}…${' '.repeat(columns - 1 - widthOf(cut))}`
}
