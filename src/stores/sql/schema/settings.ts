/** Values that all processes of a catalog share without configuration. */
import { one, type Sql } from '../engine/statement.ts'

export function* setting(name: string): Sql<string | undefined> {
  return (yield* one<{ value: string }>('SELECT value FROM settings WHERE name = ?', name))?.value
}

/** Stores the value, unless another process was faster. @returns what is stored, which never changes */
export function* keepSetting(name: string, value: string): Sql<string> {
  // The update changes nothing: without one, RETURNING leaves out a row that exists.
  const kept = yield* one<{ value: string }>(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING value',
    ...[name, value],
  )
  return kept!.value
}

/** 32 bytes from two ids, since an id may have a few fixed bits. Stored as hex. */
export function* secret(name: string, newId: () => string): Sql<Uint8Array> {
  return Buffer.from(yield* keepSetting(`secret ${name}`, newId() + newId()), 'hex')
}
