/** The processor time of PostgreSQL servers on this machine (proc_pid_stat(5)). */
import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'

/** Milliseconds of these servers, with those of their processes that have ended. @param servers their first processes; by default the child of this one */
export function processorOfPostgres(servers?: readonly number[]): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const found = processOf(Number(name))
      return found === undefined ? [] : [found]
    })
  const isServer = ({ pid, parent, command }: (typeof processes)[number]) =>
    servers === undefined ? parent === process.pid && command === 'postgres' : servers.includes(pid)
  const first = new Set(processes.filter(isServer).map(({ pid }) => pid))
  return processes.reduce((sum, { pid, parent, ticks, endedTicks }) => {
    if (first.has(pid)) return sum + (ticks + endedTicks) * 10
    return first.has(parent) ? sum + ticks * 10 : sum
  }, 0)
}

/** The first process of the server at each address, as far as it runs on this machine. */
export async function serversAt(urls: readonly string[]): Promise<readonly number[]> {
  const servers: number[] = []
  for (const url of urls) {
    const client = new pg.Client(url)
    await client.connect()
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    const connection = processOf(rows[0].pid)
    // Another machine has other processes with these numbers.
    if (connection?.command === 'postgres') servers.push(connection.parent)
    await client.end()
  }
  return servers
}

function processOf(pid: number) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const end = stat.lastIndexOf(')')
    const fields = stat
      .slice(end + 2)
      .split(' ')
      .map(Number)
    const command = stat.slice(stat.indexOf('(') + 1, end)
    return { pid, command, parent: fields[1]!, ticks: fields[11]! + fields[12]!, endedTicks: fields[13]! + fields[14]! }
  } catch {
    // It has ended.
    return undefined
  }
}
