/**
 * The open connections of a server, limited in total and per address. At the limit, a new connection replaces the connection that has been
 * idle longest, so that idle clients cannot lock out others.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Limits } from '../../limits.ts'

export interface Connection {
  readonly socket: Socket
  readonly address: string
  /** Addresses and ports of both ends. */
  readonly ends: string
  /** Unfinished responses; several where requests are pipelined. */
  readonly pending: Set<ServerResponse>
  /** A reply with `Connection: close` was sent: later requests are not answered. */
  isEnding: boolean
  bytesRead: number
  /** When the last byte arrived or the last response finished, by performance.now(). */
  activeAt: number
}

/** The share of idle connections that is closed at once: finding the oldest reads all of them. */
const CLOSED_SHARE = 1 / 64

export class Connections {
  readonly #limits: Pick<Limits, 'connections' | 'connectionsPerAddress'>
  readonly #exempt: { has(address: string | undefined): boolean }
  readonly #all = new Map<Socket, Connection>()
  readonly #byAddress = new Map<string, Set<Connection>>()
  /** With TLS, requests have another socket object than the connection, with the same two ends. */
  readonly #byEnds = new Map<string, Connection>()
  readonly #secured = new WeakMap<Socket, Connection>()

  /** @param exempt addresses that have the whole number of connections: they forward those of many clients */
  constructor(
    limits: Pick<Limits, 'connections' | 'connectionsPerAddress'>,
    exempt: { has(address: string | undefined): boolean } = { has: () => false },
  ) {
    this.#limits = limits
    this.#exempt = exempt
  }

  get size(): number {
    return this.#all.size
  }

  of(socket: Socket): Connection | undefined {
    return this.#all.get(socket) ?? this.#secured.get(socket)
  }

  all(): IterableIterator<Connection> {
    return this.#all.values()
  }

  /** Undefined once the connection is admitted; else the limit that is reached with requests in flight on every connection. */
  admit(socket: Socket): 'connections' | 'connectionsPerAddress' | undefined {
    const address = addressOf(socket.remoteAddress)
    const ofAddress = this.#byAddress.get(address)
    if (ofAddress !== undefined && ofAddress.size >= this.#limits.connectionsPerAddress) {
      if (!this.#exempt.has(socket.remoteAddress) && !this.#closeIdle(ofAddress)) return 'connectionsPerAddress'
    }
    if (this.size >= this.#limits.connections && !this.#closeIdle(this.#all.values())) return 'connections'

    const now = performance.now()
    const connection = {
      socket,
      address,
      ends: endsOf(socket),
      pending: new Set<ServerResponse>(),
      isEnding: false,
      bytesRead: 0,
      activeAt: now,
    }
    this.#all.set(socket, connection)
    this.#byEnds.set(connection.ends, connection)
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? new Set()).add(connection))
    socket.on('close', () => this.#remove(connection))
    return undefined
  }

  /** The TLS handshake of an admitted connection is complete. */
  secure(socket: Socket): void {
    const connection = this.#byEnds.get(endsOf(socket))
    if (connection === undefined) {
      socket.destroy()
      return
    }
    this.#secured.set(socket, connection)
    // The bytes of the handshake are not those of a request.
    this.touch(connection)
  }

  /** Called periodically: between calls, the time of the last byte is not known. */
  noteActivity(): void {
    for (const connection of this.#all.values()) refresh(connection)
  }

  /** Called when a request begins or ends. */
  touch(connection: Connection): void {
    connection.bytesRead = connection.socket.bytesRead
    connection.activeAt = performance.now()
  }

  #closeIdle(connections: Iterable<Connection>): boolean {
    const idle = [...connections].filter(({ pending, isEnding }) => pending.size === 0 || isEnding)
    for (const connection of idle) refresh(connection)
    idle.sort((one, other) => one.activeAt - other.activeAt)
    for (const connection of idle.slice(0, Math.max(1, Math.floor(idle.length * CLOSED_SHARE)))) {
      this.#remove(connection)
      connection.socket.destroy()
    }
    return idle.length > 0
  }

  #remove(connection: Connection): void {
    const { socket, address, ends } = connection
    this.#all.delete(socket)
    if (this.#byEnds.get(ends) === connection) this.#byEnds.delete(ends)
    const ofAddress = this.#byAddress.get(address)
    ofAddress?.delete(connection)
    if (ofAddress?.size === 0) this.#byAddress.delete(address)
  }
}

const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`

function refresh(connection: Connection): void {
  const { bytesRead } = connection.socket
  if (bytesRead === connection.bytesRead) return
  connection.bytesRead = bytesRead
  connection.activeAt = performance.now()
}

/** The address that was asked about last: a request is asked about by several limits. */
let lastAsked: { readonly remoteAddress: string | undefined; readonly address: string } = {
  remoteAddress: undefined,
  address: '',
}

/** An IPv4 address in its plain form, or the /64 network of an IPv6 address, which one client usually has to itself (RFC 6177). */
export function addressOf(remoteAddress: string | undefined): string {
  if (lastAsked.remoteAddress !== remoteAddress) lastAsked = { remoteAddress, address: plainAddress(remoteAddress) }
  return lastAsked.address
}

function plainAddress(remoteAddress: string | undefined): string {
  const address = (remoteAddress ?? '').replace(/^::ffff:(?=[\d.]+$)/i, '')
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0')
  return `${[...first, ...zeros, ...last].slice(0, 4).join(':')}::/64`
}
