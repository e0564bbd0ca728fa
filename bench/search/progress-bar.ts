/** A progress bar on a terminal; elsewhere a line at the start of each step and every few seconds. */
import type { Progress } from './built-store.ts'

const WIDTH = 30
const REDRAWN_MS = 100
const LINE_MS = 10_000

export function progressBar(out: NodeJS.WriteStream): Progress {
  let last = { what: '', writtenAt: 0 }
  return (what, done) => {
    const now = performance.now()
    const isNew = what !== last.what
    const percent = `${String(Math.floor(done * 100)).padStart(3)} %`
    if (!out.isTTY) {
      if (!isNew && now - last.writtenAt < LINE_MS) return
      out.write(`  ${percent}  ${what} ...\n`)
    } else {
      if (!isNew && done < 1 && now - last.writtenAt < REDRAWN_MS) return
      const full = Math.round(done * WIDTH)
      const bar = '#'.repeat(full) + '.'.repeat(WIDTH - full)
      out.write(`\r\x1b[K[${bar}] ${percent}  ${what}${done >= 1 ? '\n' : ''}`)
    }
    last = { what, writtenAt: now }
  }
}
