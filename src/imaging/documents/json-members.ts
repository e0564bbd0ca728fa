/**
 * Splits stored JSON text into members and joins them again without parsing values, so that unchanged values keep their bytes, including
 * digits beyond the precision of a double. Only for JSON that Hilum wrote itself, which is valid and has no whitespace between tokens.
 */

/** The members of one object in order, each with the text of its value. @throws Error where the text is not as Hilum writes it */
export function membersOfText(text: string): Map<string, string> {
  const members = new Map<string, string>()
  let at = 0
  if (text === '{}') return members
  while (text[at] === (members.size === 0 ? '{' : ',') && text[at + 1] === '"') {
    const keyEnd = endOfString(text, at + 1)
    if (text[keyEnd] !== ':') break
    const valueEnd = endOfValue(text, keyEnd + 1)
    members.set(JSON.parse(text.slice(at + 1, keyEnd)) as string, text.slice(keyEnd + 1, valueEnd))
    at = valueEnd
  }
  if (text[at] !== '}' || at !== text.length - 1) throw new Error('stored JSON is not one object')
  return members
}

export const textOfMembers = (members: ReadonlyMap<string, string>): string =>
  `{${[...members].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`

/** The offset after the closing quote of the string that opens at `at`. */
export function endOfString(text: string, at: number): number {
  let quote = at
  do {
    quote = text.indexOf('"', quote + 1)
    if (quote === -1) throw new Error('stored JSON ends within a string')
  } while (isEscaped(text, quote))
  return quote + 1
}

function isEscaped(text: string, at: number): boolean {
  let first = at
  while (text[first - 1] === '\\') first -= 1
  return (at - first) % 2 === 1
}

const [QUOTE, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d]

function endOfValue(text: string, start: number): number {
  let depth = 0
  let at = start
  while (at < text.length) {
    const sign = text.charCodeAt(at)
    if (sign === QUOTE) {
      at = endOfString(text, at)
      continue
    }
    if (sign === OPEN_OBJECT || sign === OPEN_LIST) depth += 1
    else if (sign === CLOSE_OBJECT || sign === CLOSE_LIST) {
      if (depth === 0) return at
      depth -= 1
    } else if (sign === COMMA && depth === 0) return at
    at += 1
  }
  throw new Error('stored JSON ends within a value')
}
