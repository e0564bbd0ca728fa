/** COPY ... FROM STDIN: the fastest way of rows into PostgreSQL, by the hooks that pg's client calls on whatever it is given to submit. */
import type { Client, Connection, Submittable } from 'pg'

/** What @types/pg leaves out of the connection. */
interface CopyConnection extends Connection {
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
const ROWS_PER_CHUNK = 2_000

type CopyValue = string | number | null

/** Rows in COPY's text format, some thousand to a chunk. */
export function copyChunks(rows: readonly (readonly CopyValue[])[]): readonly Buffer[] {
  const chunks: Buffer[] = []
  for (let from = 0; from < rows.length; from += ROWS_PER_CHUNK) {
    const lines = rows.slice(from, from + ROWS_PER_CHUNK).map((row) => `${row.map(fieldOf).join('\t')}\n`)
    chunks.push(Buffer.from(lines.join('')))
  }
  return chunks
}

function fieldOf(value: CopyValue): string {
  if (value === null) return '\\N'
  return typeof value === 'number' ? `${value}` : value.replace(/[\\\t\n\r]/g, (each) => ESCAPES[each]!)
}

/** @param text a `COPY table (columns) FROM STDIN`. */
export function copyIn(client: Client, text: string, chunks: readonly Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const copy: Submittable & Record<`handle${string}`, (given: never) => void> = {
      submit: (connection) => (connection as CopyConnection).query(text),
      handleCopyInResponse(connection: CopyConnection) {
        for (const chunk of chunks) connection.sendCopyFromChunk(chunk)
        connection.endCopyFrom()
      },
      handleCommandComplete() {},
      handleError: (error: Error) => reject(error),
      handleReadyForQuery: () => resolve(),
    }
    client.query(copy)
  })
}
