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

export interface MemberText {
  readonly key: string
  /** JSON text. */
  readonly value: string
  /** `"key":value`, as in the object. */
  readonly text: string
}

interface MembersAndEnd<Member> {
  readonly members: Member[]
  /** The offset after the object. */
  readonly end: number
}

/**
 * The members of the object that opens at `at`. A member with the same text as one of `like`, which are those of a similar object, is that one:
 * it is compared, and not split. The others do not hold the whole text.
 * @throws Error where the text is not as Hilum writes it
 */
export function membersLike(text: string, at: number, like: readonly MemberText[]): MembersAndEnd<MemberText> {
  const members: MemberText[] = []
  if (text.startsWith('{}', at)) return { members, end: at + 2 }
  let next = 0
  let end = at
  while (text[end] === (members.length === 0 ? '{' : ',')) {
    const start = end + 1
    const expected = like[next]
    const member =
      expected !== undefined && isMemberAt(text, start, expected) ? expected : sameAsOf(like, memberAt(text, start))
    members.push(member)
    if (member === expected || member.key === expected?.key) next += 1
    else next = like.indexOf(member) + 1 || next
    end = start + member.text.length
  }
  if (text[end] !== '}') throw new Error('stored JSON is not one object')
  return { members, end: end + 1 }
}

/** Whether the text continues with a part. Comparing whole strings takes a thirtieth of the time of startsWith. */
export const hasPartAt = (text: string, at: number, part: string): boolean => text.slice(at, at + part.length) === part

/** A number could continue, so what follows is compared too. */
function isMemberAt(text: string, at: number, member: MemberText): boolean {
  if (!hasPartAt(text, at, member.text)) return false
  const follows = text.charCodeAt(at + member.text.length)
  return follows === COMMA || follows === CLOSE_OBJECT
}

const sameAsOf = (like: readonly MemberText[], member: MemberText): MemberText =>
  like.find(({ text }) => text === member.text) ?? member

function memberAt(text: string, at: number): MemberText {
  const { valueAt, end } = memberEnds(text, at)
  // A part of a string holds the whole string in memory; this is a copy.
  const copied = Buffer.from(text.slice(at, end)).toString()
  const value = copied.slice(valueAt - at)
  return { key: JSON.parse(copied.slice(0, valueAt - at - 1)) as string, value, text: copied }
}

/** Where the value of the member that starts at `at` starts and ends. */
function memberEnds(text: string, at: number): { readonly valueAt: number; readonly end: number } {
  const keyEnd = text[at] === '"' ? endOfString(text, at) : -1
  if (text[keyEnd] !== ':') throw new Error('stored JSON is not one object')
  return { valueAt: keyEnd + 1, end: endOfValue(text, keyEnd + 1) }
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

/** The offset after the value that starts at `start`, which ends with a comma or with its object or list. */
export function endOfValue(text: string, start: number): number {
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
