/** How shells set a variable, and how they quote. */

/** A word of a POSIX shell; quotes only where it needs them. */
export const shellQuoted = (word: string): string =>
  /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

/** By the shell's name: a line that sets one variable to the value as it is. */
export const SHELLS: Readonly<Record<string, (name: string, value: string) => string>> = {
  sh: (name, value) => `export ${name}=${shellQuoted(value)}`,
  fish: (name, value) => `set -gx ${name} '${value.replaceAll(/['\\]/g, '\\$&')}'`,
}
