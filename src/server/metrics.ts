/** Counts for Prometheus (docs/operating/monitoring.md). */
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { App, Log } from '../app.ts'
import { watchMaintenance } from './maintenance-metrics.ts'
import { countPartitionSearches, watchPartitions } from './partition-metrics.ts'
import { watchUploads } from './upload-metrics.ts'

/** Counts of the catalog are read at most once in this time. */
const STATISTICS_MS = 60_000

export interface Metrics {
  /** To be called when a request begins; the returned function when its answer is ready. */
  begin(): (reply: { readonly operation?: string; readonly status: number }) => void
  /** A request was refused before any protocol saw it. */
  countRefused(reason: string): void
  /** A partition of the catalog was asked a search. */
  countPartitionSearch(partition: number, seconds: number): void
  /** A log that counts its warnings and errors. */
  counting(log: Log): Log
  text(): Promise<{ readonly contentType: string; readonly text: string }>
}

/** The metrics of a process, as prom-client describes them. */
export type ProcessMetrics = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

export interface ServerMetrics extends Metrics {
  /** Without those that are about the stores: they are the same for all processes. */
  ofProcess(): Promise<ProcessMetrics>
  watch(app: Pick<App, 'catalog' | 'audit' | 'clock' | 'locations'>): void
  /** The processes of a server with several, by kind. The returned function counts one that is started again. */
  watchProcesses(counts: () => Readonly<Record<string, number>>): (kind: string) => void
  /** Undefined for a server without TLS. */
  watchCertificate(served: { readonly current: { readonly expiresAt: number } } | undefined): void
}

/** @param ofAllProcesses of a server with several, this one included: the text has their sum */
export function createMetrics(ofAllProcesses?: () => Promise<readonly ProcessMetrics[]>): ServerMetrics {
  const registry = new Registry()
  const ofStores = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'hilum_requests_total',
    help: 'Requests, by operation or route and the class of the status.',
    labelNames: ['operation', 'status'],
    registers,
  })
  const durations = new Histogram({
    name: 'hilum_request_duration_seconds',
    help: 'Time until the answer is ready to be sent.',
    labelNames: ['operation'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  const inFlight = new Gauge({
    name: 'hilum_requests_in_flight',
    help: 'Requests that are not answered yet.',
    registers,
  })
  const logLines = new Counter({
    name: 'hilum_log_lines_total',
    help: 'Warnings and errors, including repeated ones that are not written.',
    labelNames: ['level'],
    registers,
  })

  const refused = new Counter({
    name: 'hilum_refused_requests_total',
    help: 'Requests that were refused for their Host header or at a rate limit.',
    labelNames: ['reason'],
    registers,
  })

  let updateCounts = async () => {}

  /** With their labels, which cost more to look up than to count. As many as there are operations and classes of status. */
  const countsOf = new Map<
    string,
    { readonly requests: Counter.Internal; readonly durations: Histogram.Internal<'operation'> }
  >()
  function counts(operation: string, status: number) {
    const name = `${operation} ${status}`
    let found = countsOf.get(name)
    if (found === undefined) {
      const ofStatus = requests.labels({ operation, status: `${Math.floor(status / 100)}xx` })
      found = { requests: ofStatus, durations: durations.labels({ operation }) }
      countsOf.set(name, found)
    }
    return found
  }

  return {
    begin() {
      inFlight.inc()
      const startedAt = performance.now()
      return ({ operation = 'none', status }) => {
        inFlight.dec()
        const { requests, durations } = counts(operation, status)
        requests.inc()
        durations.observe((performance.now() - startedAt) / 1000)
      }
    },
    countPartitionSearch: countPartitionSearches(registry),
    countRefused: (reason) => refused.inc({ reason }),
    counting: (log) => ({
      ...log,
      warn(fields, message) {
        logLines.inc({ level: 'warn' })
        log.warn(fields, message)
      },
      error(fields, message) {
        logLines.inc({ level: 'error' })
        log.error(fields, message)
      },
    }),
    watch(app) {
      watchAudit(app, registry)
      const counts = [watchCatalog(app, ofStores), watchUploads(app, ofStores), watchPartitions(app, ofStores)]
      updateCounts = async () => {
        await Promise.all(counts.map((count) => count()))
      }
    },
    watchProcesses: (counts) => watchProcesses(counts, registry),
    watchCertificate(served) {
      if (served === undefined) return
      new Gauge({
        name: 'hilum_tls_certificate_expiry_timestamp_seconds',
        help: 'When the certificate expires, in seconds since 1970.',
        registers,
        aggregator: 'min',
        collect() {
          this.set(served.current.expiresAt / 1000)
        },
      })
    },
    ofProcess: () => registry.getMetricsAsJSON(),
    async text() {
      await updateCounts()
      const all = ofAllProcesses === undefined ? registry : AggregatorRegistry.aggregate([...(await ofAllProcesses())])
      const parts = [await all.metrics(), await ofStores.metrics()]
      return { contentType: registry.contentType, text: parts.filter((part) => part.trim() !== '').join('\n') }
    },
  }
}

function watchProcesses(counts: () => Readonly<Record<string, number>>, registry: Registry): (kind: string) => void {
  const registers = [registry]
  new Gauge({
    name: 'hilum_processes',
    help: 'Processes of the server that are ready, by kind.',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const [kind, count] of Object.entries(counts())) this.set({ kind }, count)
    },
  })
  const restarts = new Counter({
    name: 'hilum_process_restarts_total',
    help: 'Processes that ended by themselves, or were ended because of a limit, and were started again.',
    labelNames: ['kind'],
    registers,
  })
  for (const kind of Object.keys(counts())) restarts.inc({ kind }, 0)
  return (kind) => restarts.inc({ kind })
}

function watchAudit({ audit }: Pick<App, 'audit'>, registry: Registry): void {
  new Gauge({
    name: 'hilum_audit_log_writable',
    help: '0 while the audit log cannot be written, and requests are refused.',
    registers: [registry],
    aggregator: 'min',
    collect() {
      this.set(audit.failure === undefined ? 1 : 0)
    },
  })
}

/** Returns a function that updates the counts. */
function watchCatalog({ catalog, clock }: Pick<App, 'catalog' | 'clock'>, registry: Registry): () => Promise<void> {
  const registers = [registry]
  const imageSets = new Gauge({
    name: 'hilum_image_sets',
    help: 'Image sets of a data store.',
    labelNames: ['datastore_id', 'is_primary'],
    registers,
  })
  const storedBytes = new Gauge({
    name: 'hilum_stored_bytes',
    help: 'Bytes of frames, files and metadata of a data store.',
    labelNames: ['datastore_id'],
    registers,
  })
  const jobs = new Gauge({
    name: 'hilum_import_jobs',
    help: 'Import jobs, by status.',
    labelNames: ['status'],
    registers,
  })
  const files = new Gauge({ name: 'hilum_import_files', help: 'Files that import jobs have processed.', registers })
  const queueAge = new Gauge({
    name: 'hilum_import_queue_age_seconds',
    help: 'How long the oldest import job has waited for a worker.',
    registers,
  })
  const setMaintenance = watchMaintenance({ catalog, clock }, registry)
  let readAt = -Infinity
  async function read(): Promise<void> {
    const { datastores, importJobs, oldestWaitingAt } = await catalog.statistics()
    for (const gauge of [imageSets, storedBytes, jobs]) gauge.reset()
    for (const { datastoreId: datastore_id, primaryImageSets, otherImageSets, ...of } of datastores) {
      imageSets.set({ datastore_id, is_primary: 'true' }, primaryImageSets)
      imageSets.set({ datastore_id, is_primary: 'false' }, otherImageSets)
      storedBytes.set({ datastore_id }, of.storedBytes)
    }
    for (const { jobStatus, count } of importJobs) jobs.set({ status: jobStatus }, count)
    files.set(importJobs.reduce((sum, { filesDone }) => sum + filesDone, 0))
    await setMaintenance()
    queueAge.set(oldestWaitingAt === undefined ? 0 : Math.max(0, clock() - oldestWaitingAt) / 1000)
  }
  const isUp = new Gauge({
    name: 'hilum_catalog_up',
    help: '1 if the counts of the catalog could be read; otherwise they are those of the last time.',
    registers,
  })
  return async () => {
    if (performance.now() - readAt < STATISTICS_MS) return
    try {
      await read()
      readAt = performance.now()
      isUp.set(1)
    } catch {
      isUp.set(0)
    }
  }
}

/** What the processes that have ended counted, so that no sum becomes smaller. */
export async function endedCounts(before: ProcessMetrics, ended: ProcessMetrics): Promise<ProcessMetrics> {
  // The declarations of prom-client leave out that the type is a name.
  const counts = [...before, ...ended].filter(({ type }) => ['counter', 'histogram'].includes(String(type)))
  return AggregatorRegistry.aggregate([counts]).getMetricsAsJSON()
}
