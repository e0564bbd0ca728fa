/** What every process of one catalog must agree on and nobody has to configure. */
import { one, type Sql } from '../engine/statement.ts'

/** 32 bytes; two ids are joined, since an id may have a few fixed bits. Kept as hex. */
export function* secret(name: string, newId: () => string): Sql<Uint8Array> {
  // The update changes nothing and is there for RETURNING, which tells nothing of a row that was left alone.
  const kept = yield* one<{ value: string }>(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING value',
    `secret ${name}`,
    newId() + newId(),
  )
  return Buffer.from(kept!.value, 'hex')
}
