/**
 * The open connections of a server, limited in all and for each address. A connection that has no request in flight makes room for a new
 * one, so that clients which open connections and ask nothing keep nobody out.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Limits } from '../../limits.ts'

export interface Connection {
  readonly socket: Socket
  readonly address: string
  /** Responses that are not finished; more than one where requests are pipelined. */
  readonly pending: Set<ServerResponse>
  /** A reply was sent that ends the connection: nothing that still comes is answered. */
  isEnding: boolean
  bytesRead: number
  /** When the last byte came, or the last response was finished, on the clock of performance.now(). */
  activeAt: number
}

/** So many of them are closed at once where one would do: looking for the oldest reads all. */
const CLOSED_AT_ONCE = 1 / 64

export class Connections {
  readonly #limits: Pick<Limits, 'connections' | 'connectionsPerAddress'>
  readonly #all = new Map<Socket, Connection>()
  readonly #byAddress = new Map<string, Set<Connection>>()

  constructor(limits: Pick<Limits, 'connections' | 'connectionsPerAddress'>) {
    this.#limits = limits
  }

  get size(): number {
    return this.#all.size
  }

  of(socket: Socket): Connection | undefined {
    return this.#all.get(socket)
  }

  all(): IterableIterator<Connection> {
    return this.#all.values()
  }

  /** The limit that leaves no room for it, where every connection has a request in flight; undefined once it is admitted. */
  admit(socket: Socket): 'connections' | 'connectionsPerAddress' | undefined {
    const address = addressOf(socket.remoteAddress)
    const ofAddress = this.#byAddress.get(address)
    if (ofAddress !== undefined && ofAddress.size >= this.#limits.connectionsPerAddress) {
      if (!this.#makeRoomIn(ofAddress)) return 'connectionsPerAddress'
    }
    if (this.size >= this.#limits.connections && !this.#makeRoomIn(this.#all.values())) return 'connections'

    const now = performance.now()
    const connection = {
      socket,
      address,
      pending: new Set<ServerResponse>(),
      isEnding: false,
      bytesRead: 0,
      activeAt: now,
    }
    this.#all.set(socket, connection)
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? new Set()).add(connection))
    socket.on('close', () => this.#remove(connection))
    return undefined
  }

  /** To be called often enough: between requests the time of a last byte is known no better than that. */
  noteActivity(): void {
    for (const connection of this.#all.values()) refresh(connection)
  }

  /** A request begins or ends. */
  touch(connection: Connection): void {
    connection.bytesRead = connection.socket.bytesRead
    connection.activeAt = performance.now()
  }

  #makeRoomIn(connections: Iterable<Connection>): boolean {
    const idle = [...connections].filter(({ pending, isEnding }) => pending.size === 0 || isEnding)
    for (const connection of idle) refresh(connection)
    idle.sort((one, other) => one.activeAt - other.activeAt)
    for (const connection of idle.slice(0, Math.max(1, Math.floor(idle.length * CLOSED_AT_ONCE)))) {
      this.#remove(connection)
      connection.socket.destroy()
    }
    return idle.length > 0
  }

  #remove(connection: Connection): void {
    const { socket, address } = connection
    this.#all.delete(socket)
    const ofAddress = this.#byAddress.get(address)
    ofAddress?.delete(connection)
    if (ofAddress?.size === 0) this.#byAddress.delete(address)
  }
}

function refresh(connection: Connection): void {
  const { bytesRead } = connection.socket
  if (bytesRead === connection.bytesRead) return
  connection.bytesRead = bytesRead
  connection.activeAt = performance.now()
}

/** Of an IPv6 address the network, which one client has all of (RFC 6177); of an IPv4 address all, however it is written. */
export function addressOf(remoteAddress: string | undefined): string {
  const address = (remoteAddress ?? '').replace(/^::ffff:(?=[\d.]+$)/i, '')
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0')
  return `${[...first, ...zeros, ...last].slice(0, 4).join(':')}::/64`
}
