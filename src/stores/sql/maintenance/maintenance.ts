/** Backups and scheduled verifications in SQL. */
import {
  type Maintenance,
  type MaintenanceKind,
  MaintenanceLeaseLost,
  type MaintenanceRun,
} from '../../catalog/maintenance-repository.ts'
import { lockCreations } from '../datastores/lock-creations.ts'
import { all, one, run, type Sql, type Transactions } from '../engine/statement.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'

/** Of each kind. */
const RUNS_KEPT = 100

type RunRow = RowOf<'maintenance_runs'>

const SELECT = 'SELECT run_id, kind, started_at, lease_until, ended_at, outcome, report FROM maintenance_runs'

/** SQL: a backup is running, and needs the bytes of blobs that became unreferenced since it began. One value: the time. */
export const BACKUP_RUNS = `EXISTS (SELECT 1 FROM maintenance_runs WHERE kind = 'backup' AND ended_at IS NULL AND lease_until > ?)`

export const maintenanceOver = (database: Transactions): Maintenance => ({
  begin: (request) => database.write(() => begin(request)),
  renew: (runId, lease) => database.write(() => renew(runId, lease)),
  end: (runId, end) => database.write(() => endRun(runId, end)),
  list: ({ kind, now, limit }) =>
    database.read(function* () {
      const rows = yield* all<RunRow>(`${SELECT} WHERE kind = ? ORDER BY started_at DESC LIMIT ?`, kind, limit)
      return rows.map((row) => runOf(row, now))
    }),
  lastSuccess: (kind) => database.read(() => lastSuccess(kind)),
})

function* begin({
  runId,
  kind,
  at,
  leaseUntil,
  notSince,
}: Parameters<Maintenance['begin']>[0]): Sql<'begun' | 'running' | 'recent'> {
  yield* lockCreations()
  const active = `SELECT 1 AS found FROM maintenance_runs WHERE kind = ? AND ended_at IS NULL AND lease_until > ?`
  if ((yield* one(active, kind, at)) !== undefined) return 'running'
  if (notSince !== undefined) {
    const recent = 'SELECT 1 AS found FROM maintenance_runs WHERE kind = ? AND ended_at > ?'
    if ((yield* one(recent, kind, notSince)) !== undefined) return 'recent'
  }
  yield* removeOld(kind)
  yield* insertRows('maintenance_runs', [
    { run_id: runId, kind, started_at: at, lease_until: leaseUntil, report: '{}' },
  ])
  return 'begun'
}

/** The last success is kept, however long ago it was. */
function* removeOld(kind: MaintenanceKind): Sql<void> {
  yield* run(
    `DELETE FROM maintenance_runs WHERE kind = ? AND run_id NOT IN (
       SELECT run_id FROM maintenance_runs WHERE kind = ? ORDER BY started_at DESC LIMIT ?
     ) AND run_id NOT IN (
       SELECT run_id FROM maintenance_runs WHERE kind = ? AND outcome = 'succeeded' ORDER BY started_at DESC LIMIT 1
     )`,
    ...[kind, kind, RUNS_KEPT - 1, kind],
  )
}

function* renew(runId: string, { at, leaseUntil, report }: Parameters<Maintenance['renew']>[1]): Sql<void> {
  const renewed = yield* one(
    `UPDATE maintenance_runs SET lease_until = ?, report = COALESCE(?, report) WHERE run_id = ? AND ended_at IS NULL AND lease_until > ?
     RETURNING run_id`,
    ...[leaseUntil, report === undefined ? null : JSON.stringify(report), runId, at],
  )
  if (renewed === undefined) throw new MaintenanceLeaseLost()
}

function* endRun(runId: string, { at, outcome, report }: Parameters<Maintenance['end']>[1]): Sql<void> {
  const held = outcome === 'succeeded' ? at : -1
  const ended = yield* one(
    `UPDATE maintenance_runs SET ended_at = ?, outcome = ?, report = ? WHERE run_id = ? AND ended_at IS NULL AND lease_until > ?
     RETURNING run_id`,
    ...[at, outcome, JSON.stringify(report), runId, held],
  )
  if (ended === undefined && outcome === 'succeeded') throw new MaintenanceLeaseLost()
}

function* lastSuccess(kind: MaintenanceKind): Sql<MaintenanceRun | undefined> {
  const row = yield* one<RunRow>(
    `${SELECT} WHERE kind = ? AND outcome = 'succeeded' ORDER BY started_at DESC LIMIT 1`,
    kind,
  )
  return row && runOf(row, row.started_at)
}

const runOf = (row: RunRow, now: number): MaintenanceRun => ({
  runId: row.run_id,
  kind: row.kind,
  startedAt: row.started_at,
  endedAt: row.ended_at ?? undefined,
  outcome: row.outcome ?? (row.lease_until > now ? 'running' : 'lost'),
  report: JSON.parse(row.report),
})
