/** What the console keeps in local storage of this browser. Storage that is full or not allowed is as good as empty. */

/** @param parse undefined for a value of another form, as an earlier version of the console may have stored */
export function readStored<Value>(key: string, parse: (value: unknown) => Value | undefined): Value | undefined {
  try {
    const text = window.localStorage.getItem(key)
    return text === null ? undefined : parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** @returns whether the value is kept */
export function writeStored(key: string, value: unknown): boolean {
  try {
    window.localStorage.setItem(key, JSON.stringify(value))
    return true
  } catch {
    return false
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
