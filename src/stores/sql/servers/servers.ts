/** The servers of a catalog in SQL. */
import type { LiveServer, ServerRecord, Servers, SharedKeys } from '../../catalog/server-repository.ts'
import { all, one, run, type Sql, type Transactions } from '../engine/statement.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'

type ServerRow = Omit<RowOf<'servers'>, 'worker_ids'>

/** In `settings`. */
const KEYS = 'keys of servers'

export const serversOver = (database: Transactions): Servers => ({
  beat: (server, times) => database.write(() => beat(server, times)),
  leave: (serverId) => database.write(() => run('DELETE FROM servers WHERE server_id = ?', serverId)),
  sharedKeys: () => database.read(sharedKeys),
  keepKeys: (keys) => database.write(() => keepKeys(keys)),
  replaceKeys: (keys) =>
    database.write(() => run('UPDATE settings SET value = ? WHERE name = ?', JSON.stringify(keys), KEYS)),
})

/** No other transaction waits for these rows, and this one waits for no lease: a server whose catalog is busy is not lost. */
function* beat(
  { serverId, name, settings, workerIds }: ServerRecord,
  { at, silentSince }: Parameters<Servers['beat']>[1],
): Sql<Awaited<ReturnType<Servers['beat']>>> {
  yield* insertRows(
    'servers',
    [
      {
        ...{ server_id: serverId, server_name: name, started_at: at, seen_at: at },
        ...{ worker_ids: JSON.stringify(workerIds), settings: JSON.stringify(settings) },
      },
    ],
    {
      onConflict: 'ON CONFLICT (server_id) DO UPDATE SET seen_at = excluded.seen_at, worker_ids = excluded.worker_ids',
    },
  )
  const lost =
    silentSince === undefined
      ? []
      : yield* all<{ worker_ids: string }>('DELETE FROM servers WHERE seen_at < ? RETURNING worker_ids', silentSince)
  const others = yield* all<ServerRow>(
    'SELECT server_id, server_name, started_at, seen_at, settings FROM servers WHERE server_id <> ? ORDER BY started_at, server_id',
    serverId,
  )
  return {
    others: others.map(liveServer),
    lostWorkerIds: lost.flatMap(({ worker_ids }) => JSON.parse(worker_ids) as string[]),
  }
}

const liveServer = ({ server_id, server_name, seen_at, settings }: ServerRow): LiveServer => ({
  ...{ serverId: server_id, name: server_name, seenAt: seen_at },
  settings: JSON.parse(settings),
})

function* sharedKeys(): Sql<SharedKeys | undefined> {
  const row = yield* one<{ value: string }>('SELECT value FROM settings WHERE name = ?', KEYS)
  return row && JSON.parse(row.value)
}

function* keepKeys(keys: SharedKeys): Sql<SharedKeys> {
  // The update changes nothing: without one, RETURNING leaves out a row that exists.
  const kept = yield* one<{ value: string }>(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING value',
    ...[KEYS, JSON.stringify(keys)],
  )
  return JSON.parse(kept!.value)
}
