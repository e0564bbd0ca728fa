/**
 * Lines of the log that say the same thing again and again: an outage makes one for each request, thousands in a second, and they push out
 * of the log what would tell more. The first is written at once, the others of the same second are counted, and the last of them is
 * written with that count.
 */

const EVERY_MS = 1_000
/** Distinguished at a time; beyond that, lines with the same message count as one cause. */
const CAUSES_MAX = 1_000
/** What only says which request a line is of. */
const OF_A_REQUEST = new Set(['operation', 'requestId'])

export interface Line {
  readonly level: string
  readonly fields: object
  readonly message: string
}

type Write = (fields: object) => void

interface Waiting {
  readonly timer: NodeJS.Timeout
  /** The last that was not written, and how many there were before it. */
  last: { readonly fields: object; readonly write: Write } | undefined
  leftOut: number
}

export class RepeatedLines {
  readonly #waiting = new Map<string, Waiting>()

  write(line: Line, write: Write): void {
    const cause = this.#causeOf(line)
    const waiting = this.#waiting.get(cause)
    if (waiting === undefined) {
      this.#wait(cause)
      write(line.fields)
      return
    }
    if (waiting.last !== undefined) waiting.leftOut += 1
    waiting.last = { fields: line.fields, write }
  }

  /** Writes what is counted. */
  flush(): void {
    for (const [cause, waiting] of this.#waiting) {
      clearTimeout(waiting.timer)
      this.#waiting.delete(cause)
      writeLast(waiting)
    }
  }

  #wait(cause: string): void {
    const timer = setTimeout(() => {
      const waiting = this.#waiting.get(cause)
      this.#waiting.delete(cause)
      if (waiting?.last === undefined) return
      // The next second begins with this line.
      this.#wait(cause)
      writeLast(waiting)
    }, EVERY_MS).unref()
    this.#waiting.set(cause, { timer, last: undefined, leftOut: 0 })
  }

  #causeOf({ level, fields, message }: Line): string {
    const same = `${level} ${message}`
    if (this.#waiting.size >= CAUSES_MAX) return same
    const said = Object.entries(fields).flatMap(([name, value]) =>
      OF_A_REQUEST.has(name) ? [] : [`${name}=${firstLineOf(value)}`],
    )
    return [same, ...said].join('\n')
  }
}

function writeLast({ last, leftOut }: Waiting): void {
  last?.write(leftOut === 0 ? last.fields : { ...last.fields, leftOut })
}

/** Of an error, or of its stack, what it says and not where. */
const firstLineOf = (value: unknown): string =>
  (value instanceof Error ? `${value.name}: ${value.message}` : String(value)).split('\n', 1)[0]!
