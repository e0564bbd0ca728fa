/** Patterns with `*` (any text, also none) and `?` (one character), in time linear in pattern times text at worst. */

export type Matches = (text: string) => boolean

export function wildcard(pattern: string): Matches {
  const first = pattern.search(/[*?]/)
  if (first < 0) return (text) => text === pattern
  if (pattern === '*') return () => true
  const prefix = pattern.slice(0, first)
  if (first === pattern.length - 1 && pattern[first] === '*') return (text) => text.startsWith(prefix)
  return (text) => text.startsWith(prefix) && matchesGlob(pattern, text)
}

/** After a mismatch the last `*` takes one more character; earlier ones never need to. */
function matchesGlob(pattern: string, text: string): boolean {
  let at = 0
  let star = -1
  let starText = 0
  for (let index = 0; index < text.length; ) {
    if (pattern[at] === '*') {
      star = at++
      starText = index
    } else if (pattern[at] === '?' || pattern[at] === text[index]) {
      at++
      index++
    } else if (star >= 0) {
      at = star + 1
      index = ++starText
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}

/** Whether the pattern matches any text that begins so. */
export function canMatchBeginning(pattern: string, beginning: string): boolean {
  // Positions in the pattern that can be reached with the characters so far.
  let reached = afterStars(pattern, new Set([0]))
  for (const character of beginning) {
    const next = new Set<number>()
    for (const at of reached) {
      if (pattern[at] === '*') next.add(at)
      else if (pattern[at] === '?' || pattern[at] === character) next.add(at + 1)
    }
    reached = afterStars(pattern, next)
  }
  return reached.size > 0
}

function afterStars(pattern: string, positions: Set<number>): Set<number> {
  for (const at of positions) if (pattern[at] === '*') positions.add(at + 1)
  return positions
}

/** The six parts of an ARN; the last may contain colons. Undefined for another text. */
export function arnParts(text: string): readonly string[] | undefined {
  const parts = text.split(':')
  if (parts.length < 6) return undefined
  return [...parts.slice(0, 5), parts.slice(5).join(':')]
}

/** Compares ARNs part by part, so that a wildcard never reaches beyond a colon before the resource. */
export function arnPattern(pattern: string): Matches | undefined {
  if (pattern === '*') return () => true
  const parts = arnParts(pattern)?.map(wildcard)
  if (parts === undefined) return undefined
  return (text) => arnParts(text)?.every((part, index) => parts[index]!(part)) ?? false
}
