/**
 * The servers that share a catalog on PostgreSQL: this one says every few seconds that it lives, knows how many others do, and ends the leases of
 * the workers of one that is lost.
 */
import { hostname } from 'node:os'
import type { Log } from '../app.ts'
import { expireLeasesOf } from '../jobs/expire-leases.ts'
import type { Limits } from '../limits.ts'
import { differingSettings, requireAgreement } from '../server/agreed-settings.ts'
import { newId } from '../server/new-id.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'
import type { LiveServer } from '../stores/catalog/server-repository.ts'

/** A clock that differs more from that of the catalog is worth a warning. */
const CLOCK_WARNING_MS = 5_000
/** Of one server: threads that were replaced are among them. */
const WORKER_IDS_MAX = 64

export interface LiveServers {
  /** This one is among them. */
  count(): number
  /** Called with each new count. */
  onCount(listener: (count: number) => void): void
  /** The threads for jobs of this server. */
  ofWorkers(workerIds: () => readonly string[]): void
  leave(): Promise<void>
}

/** Where nothing is shared: a catalog on SQLite. */
export const ONE_SERVER: LiveServers = {
  count: () => 1,
  onCount: () => {},
  ofWorkers: () => {},
  leave: async () => {},
}

/** @throws OperatorError if this server does not agree with one that lives */
export async function joinServers(
  catalog: Catalog,
  options: {
    readonly settings: Readonly<Record<string, string>>
    readonly port: number
    readonly limits: Pick<Limits, 'serverBeatMs' | 'serverSilenceMs'>
    readonly log: Log
  },
): Promise<LiveServers> {
  const { settings, port, limits, log } = options
  const serverId = newId()
  const name = port === 0 ? hostname() : `${hostname()}:${port}`
  let count = 1
  let workerIds: () => readonly string[] = () => []
  let onCount: (count: number) => void = () => {}
  let hasWarnedOfClock = false
  /** Of the last beat, by the monotonic clock. */
  let beatAt = -Infinity

  async function beat(): Promise<readonly LiveServer[]> {
    const at = catalog.now()
    // After an outage of the catalog all servers were silent.
    const isRegular = performance.now() - beatAt < limits.serverSilenceMs
    const silentSince = at - limits.serverSilenceMs
    const server = { serverId, name, settings, workerIds: workerIds().slice(-WORKER_IDS_MAX) }
    const found = await catalog.servers.beat(server, { at, silentSince: isRegular ? silentSince : undefined })
    beatAt = performance.now()
    const others = found.others.filter(({ seenAt }) => seenAt >= silentSince)
    if (count !== others.length + 1) {
      count = others.length + 1
      onCount(count)
    }
    if (found.lostWorkerIds.length > 0) {
      log.warn({}, 'a server of this catalog has not been seen for limits.serverSilenceMs; others go on with its jobs')
      await expireLeasesOf(found.lostWorkerIds, { catalog, clock: () => catalog.now(), log })
    }
    return others
  }

  function lookAtClock(): void {
    const aheadMs = Date.now() - catalog.now()
    const isWrong = Math.abs(aheadMs) > CLOCK_WARNING_MS
    if (isWrong && !hasWarnedOfClock) {
      const seconds = Math.round(Math.abs(aheadMs) / 1000)
      const side = aheadMs > 0 ? 'ahead of' : 'behind'
      log.warn(
        {},
        `the clock of this machine is ${seconds} s ${side} that of PostgreSQL, whose time Hilum uses; the audit log has the machine's`,
      )
    }
    hasWarnedOfClock = isWrong
  }

  const others = await beat()
  try {
    requireAgreement(settings, others, { now: catalog.now() })
  } catch (error) {
    await catalog.servers.leave(serverId).catch(() => {})
    throw error
  }
  const differing = differingSettings(settings, others)
  if (differing.length > 0) {
    log.warn(
      {},
      `other servers of this catalog have other values of ${differing.join(', ')}; give all of them the same`,
    )
  }
  lookAtClock()
  let beating: Promise<unknown> | undefined
  const timer = setInterval(() => {
    lookAtClock()
    // While the catalog is away this one is silent, as all others are.
    beating ??= beat()
      .catch(() => {})
      .finally(() => {
        beating = undefined
      })
  }, limits.serverBeatMs).unref()
  return {
    count: () => count,
    onCount(listener) {
      onCount = listener
    },
    ofWorkers(ids) {
      workerIds = ids
    },
    async leave() {
      clearInterval(timer)
      await beating
      // Where the catalog is away, the others notice.
      await catalog.servers.leave(serverId).catch(() => {})
    },
  }
}
