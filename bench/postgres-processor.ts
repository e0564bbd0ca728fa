/** The processor time of PostgreSQL (proc_pid_stat(5)). */
import { readdirSync, readFileSync } from 'node:fs'

/** Milliseconds of the PostgreSQL that this process started: of its server process and those that this one started. 0 without one. */
export function processorOfPostgres(): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const found = parentOf(Number(name))
      return found === undefined ? [] : [found]
    })
  const server = processes.find(({ parent, command }) => parent === process.pid && command === 'postgres')?.pid
  return processes
    .filter(({ pid, parent }) => pid === server || parent === server)
    .reduce((sum, { ticks }) => sum + ticks * 10, 0)
}

function parentOf(pid: number) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const end = stat.lastIndexOf(')')
    const fields = stat.slice(end + 2).split(' ')
    const command = stat.slice(stat.indexOf('(') + 1, end)
    return { pid, command, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
  } catch {
    // It has ended.
    return undefined
  }
}
