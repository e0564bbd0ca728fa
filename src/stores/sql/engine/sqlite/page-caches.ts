/** The page caches of the connections of a process to the files of a catalog. Together they are as large as those of one file would be. */
import type { SqliteConnection } from './sqlite-connection.ts'

/** One to write and one to read. */
const CONNECTIONS_PER_FILE = 2

export class PageCaches {
  readonly #bytes: number
  readonly #connections = new Set<SqliteConnection>()

  /** @param bytesPerConnection of a catalog of one file */
  constructor(bytesPerConnection: number) {
    this.#bytes = CONNECTIONS_PER_FILE * bytesPerConnection
  }

  /** That of each connection. */
  get bytesEach(): number {
    return Math.floor(this.#bytes / Math.max(CONNECTIONS_PER_FILE, this.#connections.size))
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
    for (const connection of this.#connections) connection.setCacheSize(this.bytesEach)
  }
}
