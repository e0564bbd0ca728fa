/** Values that all processes of a catalog share without configuration. */
import { one, type Sql } from '../engine/statement.ts'

/** 32 bytes from two ids, since an id may have a few fixed bits. Stored as hex. */
export function* secret(name: string, newId: () => string): Sql<Uint8Array> {
  // The update changes nothing: without one, RETURNING leaves out a row that exists.
  const kept = yield* one<{ value: string }>(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING value',
    `secret ${name}`,
    newId() + newId(),
  )
  return Buffer.from(kept!.value, 'hex')
}
