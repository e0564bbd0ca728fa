/** JSON.parse keeps the last of two members with one name, and a reader of the document may see the first: a policy must have no such pair. */

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}:]/g

/** The first name that an object of this valid JSON text has twice. */
export function repeatedName(json: string): string | undefined {
  const objects: Set<string>[] = []
  let text: string | undefined
  for (const [token] of json.matchAll(TOKENS)) {
    if (token === '{') objects.push(new Set())
    else if (token === '}') objects.pop()
    else if (token === ':') {
      const name = JSON.parse(text!) as string
      const names = objects.at(-1)!
      if (names.has(name)) return name
      names.add(name)
    } else text = token
  }
  return undefined
}
