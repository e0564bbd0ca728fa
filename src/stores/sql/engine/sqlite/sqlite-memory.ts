/** What the connections of a process to the files of a catalog keep in memory. Together it is what those of one file would. */
import type { SqliteConnection } from './sqlite-connection.ts'

/** One to write and one to read. */
const CONNECTIONS_PER_FILE = 2
/** The catalog has a few hundred texts: connections to one file keep all. */
const STATEMENTS_MAX = 4_000
/** Of each connection, however many there are. */
const STATEMENTS_MIN = 100

export class SqliteMemory {
  readonly #cacheBytes: number
  readonly #connections = new Set<SqliteConnection>()

  /** @param cacheBytes the page cache of each connection of a catalog of one file */
  constructor(cacheBytes: number) {
    this.#cacheBytes = CONNECTIONS_PER_FILE * cacheBytes
  }

  /** Of each connection. */
  get limits(): { readonly cacheBytes: number; readonly statementsMax: number } {
    const count = Math.max(CONNECTIONS_PER_FILE, this.#connections.size)
    return {
      cacheBytes: Math.floor(this.#cacheBytes / count),
      statementsMax: Math.max(STATEMENTS_MIN, Math.floor(STATEMENTS_MAX / count)),
    }
  }

  add(connection: SqliteConnection): void {
    this.#connections.add(connection)
    this.#divide()
  }

  /** Before it is closed. */
  remove(connection: SqliteConnection): void {
    this.#connections.delete(connection)
    this.#divide()
  }

  #divide(): void {
    const { limits } = this
    for (const connection of this.#connections) connection.limitMemory(limits)
  }
}
