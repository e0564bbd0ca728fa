/** Shows progress: a bar on an interactive terminal, a line every few seconds elsewhere. */
import type { Terminal } from './terminal.ts'

export interface Progress {
  /** `total` is undefined until it is known. */
  update(done: number, total?: number): void
  end(): void
}

interface State {
  readonly label: string
  readonly done: number
  readonly total: number | undefined
  readonly elapsedMs: number
}

const REDRAW_MS = 80
const LINE_MS = 5_000
const BAR_MIN = 10
const BAR_MAX = 40

export function openProgress(label: string, at: { terminal: Terminal; now: () => number }): Progress {
  const { terminal, now } = at
  const startedAt = now()
  let shownAt = startedAt
  const state = (done: number, total: number | undefined): State => ({
    label,
    done,
    total,
    elapsedMs: now() - startedAt,
  })
  let last = state(0, undefined)
  if (terminal.isInteractive) terminal.status(drawBar(last, terminal.columns))
  else terminal.note(`${label} ...`)
  return {
    update(done, total) {
      last = state(done, total)
      const isDue = now() - shownAt >= (terminal.isInteractive ? REDRAW_MS : LINE_MS)
      if (!isDue) return
      shownAt = now()
      if (terminal.isInteractive) terminal.status(drawBar(last, terminal.columns))
      else terminal.note(drawLine(last))
    },
    end() {
      terminal.status()
    },
  }
}

/** `Importing  ████████████░░░░░░░░  62 %  1,000 of 1,612  2 s left`, never wider than the terminal. */
export function drawBar(state: State, columns: number): string {
  const words = state.total === undefined ? count(state.done) : `${percent(state)}  ${amount(state)}${timeLeft(state)}`
  const width = Math.min(BAR_MAX, columns - state.label.length - words.length - 5)
  const text =
    width < BAR_MIN || state.total === undefined
      ? `${state.label}  ${words}`
      : `${state.label}  ${bar(state, width)}  ${words}`
  return text.slice(0, Math.max(0, columns - 1))
}

export const drawLine = (state: State): string =>
  `${state.label}: ${state.total === undefined ? count(state.done) : `${amount(state)} (${percent(state).trim()})`}`

const count = (amount: number): string => amount.toLocaleString('en-US')

const amount = ({ done, total }: State): string => `${count(done)} of ${count(total!)}`

const share = ({ done, total }: State): number => (total === 0 ? 1 : Math.min(1, done / total!))

const percent = (state: State): string => `${Math.floor(share(state) * 100)} %`.padStart(5)

function bar(state: State, width: number): string {
  const full = Math.floor(share(state) * width)
  return '█'.repeat(full) + '░'.repeat(width - full)
}

/** Empty in the first second, when there is no rate yet. */
function timeLeft(state: State): string {
  const { done, total, elapsedMs } = state
  if (done === 0 || done >= total! || elapsedMs < 1_000) return ''
  const seconds = Math.ceil((elapsedMs / done) * (total! - done) * 0.001)
  return `  ${seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`} left`
}
