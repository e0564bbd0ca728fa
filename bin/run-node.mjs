// Runs another Node in our place: same terminal, same signals, same exit code. Plain JavaScript for Node 18 and later, because it is
// what finds a newer Node.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * The exit code of the child; of one that a signal ended, 128 and the signal's number, as shells have it. Signals are passed on although
 * a terminal's Ctrl-C reaches the child by itself: nothing tells the two apart, and Hilum takes several at a time for one.
 * `endWithParent` is for scripts of npm: it signals the shell between us, which ends without a word to us.
 */
export function runNode(node, args, { endWithParent = false } = {}) {
  const child = spawn(node, args, { stdio: 'inherit' })
  const forward = (signal) => child.kill(signal)
  for (const signal of FORWARDED) process.on(signal, forward)
  if (endWithParent) whenParentEnds(() => forward('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      for (const name of FORWARDED) process.off(name, forward)
      resolve(signal === null ? code : 128 + constants.signals[signal])
    })
  })
}

function whenParentEnds(end) {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    end()
  }, 200)
  watch.unref()
}

/** Whether a version such as '22.18.0' is at least one such as '22.14'. */
export function isAtLeast(version, smallest) {
  const [a, b] = [version, smallest].map((text) => text.split('.').map(Number))
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return a[i] > b[i]
  return true
}
