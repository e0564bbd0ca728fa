/** Options of a measurement on the command line: texts with defaults, and --json. */
import { parseArgs } from 'node:util'

/** undefined where an option is none of them, or has no value. */
export function optionsOf<Name extends string>(
  args: readonly string[],
  defaults: Readonly<Record<Name, string>>,
): (Readonly<Record<Name, string>> & { readonly json: boolean }) | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...Object.fromEntries(
          Object.entries<string>(defaults).map(([name, text]) => [name, { type: 'string' as const, default: text }]),
        ),
        json: { type: 'boolean', default: false },
      },
    })
    return values as Record<Name, string> & { json: boolean }
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && `${error.code}`.startsWith('ERR_PARSE_ARGS')) return undefined
    throw error
  }
}
