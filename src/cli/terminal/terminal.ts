/**
 * Input and output of a command. Results go to standard output; progress, notes and errors to standard error, so that a pipe receives results
 * only. Colours and a status line are used on terminals only; NO_COLOR is respected.
 */
import { createInterface } from 'node:readline/promises'
import { text as allOf } from 'node:stream/consumers'
import { styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'

export interface Terminal {
  /** Width of the status line. */
  readonly columns: number
  /** Whether standard error is a terminal that can be redrawn. */
  readonly isInteractive: boolean
  /** Width of standard output, for tables; undefined if it is not a terminal. */
  readonly resultColumns: number | undefined
  /** False once the reader of standard output is closed, as by head(1). */
  readonly hasReader: boolean
  print(text: string): void
  note(text: string): void
  /** Redraws the last line of an interactive terminal; without text, clears it. */
  status(text?: string): void
  styled(style: Style, text: string): string
  /** All of standard input. */
  read(): Promise<string>
  /** Undefined if standard input is not a terminal. */
  ask(question: string): Promise<string | undefined>
}

const CLEAR_LINE = '\r\x1b[K'

export function openTerminal(streams: {
  stdin: NodeJS.ReadStream
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  env: NodeJS.ProcessEnv
}): Terminal {
  const { stdin, stdout, stderr, env } = streams
  const isInteractive = stderr.isTTY === true && env.TERM !== 'dumb'
  let statusLine: string | undefined
  let hasReader = true
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    hasReader = false
  })
  const above = (write: () => void) => {
    if (statusLine !== undefined) stderr.write(CLEAR_LINE)
    write()
    if (statusLine !== undefined) stderr.write(statusLine)
  }
  return {
    get columns() {
      return stderr.columns ?? 80
    },
    isInteractive,
    get resultColumns() {
      return stdout.isTTY === true ? stdout.columns : undefined
    },
    get hasReader() {
      return hasReader
    },
    print: (text) => above(() => stdout.write(`${text}\n`)),
    note: (text) => above(() => stderr.write(`${text}\n`)),
    status(text) {
      if (!isInteractive || (text === undefined && statusLine === undefined)) return
      stderr.write(`${CLEAR_LINE}${text ?? ''}`)
      statusLine = text
    },
    styled: (style, text) => styleText(style, text, { stream: stdout }),
    read: () => allOf(stdin),
    async ask(question) {
      if (stdin.isTTY !== true) return undefined
      const lines = createInterface({ input: stdin, output: stderr })
      try {
        return await lines.question(question)
      } finally {
        lines.close()
      }
    },
  }
}
