/** One line on a terminal that says what goes on and how far it is; where nobody watches, a line when something begins. */
import type { Progress } from './build-store.ts'

const WIDTH = 30

export function progressBar(out: NodeJS.WriteStream): Progress {
  let last = ''
  return (what, done) => {
    if (out.isTTY) {
      const full = Math.round(done * WIDTH)
      const bar = '#'.repeat(full) + '.'.repeat(WIDTH - full)
      out.write(`\r\x1b[K[${bar}] ${String(Math.floor(done * 100)).padStart(3)} %  ${what}${done >= 1 ? '\n' : ''}`)
    } else if (what !== last) {
      out.write(`  ${what} ...\n`)
    }
    last = what
  }
}
