/** Binds one port on several addresses. SDKs resolve `localhost` to ::1 or 127.0.0.1, in different orders, so both must answer. */
import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import type { Log } from '../../app.ts'

interface BindOptions {
  readonly hosts: readonly string[]
  readonly port: number
  readonly log: Log
}

/** A port that is free on one address may be taken on another. */
const FREE_PORT_ATTEMPTS = 10

/** Rejects where the first host cannot be bound, or a port other than 0 is taken. */
export async function bind<S extends Server>(
  options: BindOptions,
  open: () => S,
): Promise<{ readonly servers: readonly S[]; readonly port: number }> {
  for (let attempt = 1; ; attempt++) {
    const servers: S[] = []
    try {
      const port = await bindAll(options, () => servers[servers.push(open()) - 1] as S)
      return { servers: servers.filter((server) => server.listening), port }
    } catch (error) {
      await Promise.all(servers.filter((server) => server.listening).map((server) => once(server.close(), 'close')))
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (options.port !== 0 || !isTaken || attempt === FREE_PORT_ATTEMPTS) throw error
    }
  }
}

async function bindAll({ hosts, port: wanted, log }: BindOptions, open: () => Server): Promise<number> {
  let port = wanted
  for (const [index, host] of hosts.entries()) {
    const server = open()
    // Without ipv6Only, `::` would also bind the port of `0.0.0.0`.
    server.listen({ host, port, ipv6Only: hosts.length > 1 })
    try {
      await once(server, 'listening')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (index === 0 || (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT')) throw error
      log.debug({ host, code }, 'this machine has no such address; not listening on it')
      continue
    }
    port = (server.address() as AddressInfo).port
  }
  return port
}
