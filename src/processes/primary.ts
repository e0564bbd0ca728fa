/**
 * The primary of a server with several processes. It serves no request: it owns the data folder, starts and watches the other processes, and
 * holds what they share. Theirs is the code of `request-process.ts` and `jobs-process.ts`.
 */
import { createServer } from 'node:net'
import type { Log } from '../app.ts'
import { expireLeasesOf } from '../jobs/expire-leases.ts'
import { settleDatastores } from '../operations/settle-datastores.ts'
import { bind } from '../protocols/http/bind.ts'
import { BackgroundWork } from '../server/background-work.ts'
import { watchCertificate } from '../server/certificate-watch.ts'
import type { Config } from '../server/config.ts'
import { checkTransport, endpointOf } from '../server/endpoint.ts'
import { createMetrics, endedCounts, type ProcessMetrics } from '../server/metrics.ts'
import { openCatalog, startCatalogCheckpoints } from '../server/open-stores.ts'
import type { Answers } from './channel.ts'
import { dividedLimits } from './divided-limits.ts'
import { jobsAddresses } from './jobs-addresses.ts'
import { type KeptProcess, keepProcess } from './kept-process.ts'
import { ONE_SERVER } from './live-servers.ts'
import type { FromProcess, PrimaryCalls, ProcessKind, ProcessStart } from './messages.ts'
import { auditChainsOf, continueUnusedChains } from './open-audit.ts'
import { ownDataFolder } from './own-data-folder.ts'
import type { RunningServer } from './running-server.ts'
import { openSharedState } from './shared-state.ts'
import { type StartedProcess, startProcess } from './started-process.ts'
import { StopSteps } from './stop-steps.ts'

/** To settle data stores, once. */
const CATALOG_CACHE_BYTES = 1024 ** 2
/** Their leases may not have been ended yet, while the catalog was away. */
const ENDED_WORKERS_MAX = 64
/** A process that does not tell its metrics in this time is left out. */
const METRICS_MS = 2_000

export async function startPrimary(config: Config, options: { readonly log: Log }): Promise<RunningServer> {
  const metrics = createMetrics()
  const log = metrics.counting(options.log)
  const steps = new StopSteps()
  /** Those that stop are among them until they have ended. */
  const alive = new Set<StartedProcess>()
  function sendAll(message: Parameters<StartedProcess['channel']['send']>[0]): void {
    for (const each of alive) void each.channel.send(message)
  }
  try {
    checkTransport(config)
    const certificate =
      config.tls &&
      (await watchCertificate(config.tls, {
        ...{ limits: config.limits, log, clock: Date.now },
        onChange: () => sendAll({ kind: 'reloadCertificate' }),
      }))
    steps.push(async () => certificate?.stop())
    metrics.watchCertificate(certificate)
    const owned = await ownDataFolder(config, { log, steps })
    const { limits, places, credentials, sealingKey, servers } = owned
    const catalog = await openCatalog({ ...places, limits: { ...limits, catalogCacheBytes: CATALOG_CACHE_BYTES } })
    steps.push(() => catalog.close())
    const background = new BackgroundWork(log)
    steps.push(() => background.drain())
    const clock = () => catalog.now()
    await settleDatastores({ catalog, background, clock })
    // The data folder is locked: all workers of its catalog have died.
    if (config.catalog === undefined) await expireLeasesOf('all', { catalog, clock, log })
    const chains = auditChainsOf(config)
    const port = await freePortOf(config, log)
    const checkpoints = await startCatalogCheckpoints(places, (err) => {
      log.error({ err }, 'the checkpoint thread of the catalog failed; commits run checkpoints instead')
    })
    steps.push(async () => checkpoints?.stop())

    const shared = openSharedState(limits, servers.count)
    const addresses = await jobsAddresses(config.dataFolder)
    steps.push(() => addresses.remove())
    const kept: Record<ProcessKind, KeptProcess[]> = { request: [], jobs: [] }
    let jobsAddress: string | undefined
    let ended: ProcessMetrics = []
    /** Of threads for jobs. */
    const workerIds = new Map<string, StartedProcess>()
    const running = (kind: ProcessKind) => kept[kind].flatMap((each) => each.running ?? [])
    const others = (process: StartedProcess) => [...alive].filter((each) => each.kind === 'request' && each !== process)
    servers.ofWorkers(() => [...workerIds].filter(([, process]) => alive.has(process)).map(([id]) => id))
    servers.onCount((count) => sendAll({ kind: 'servers', count }))
    const countRestart = metrics.watchProcesses(() => ({
      request: running('request').length,
      jobs: running('jobs').length,
    }))

    async function allMetrics(): Promise<readonly ProcessMetrics[]> {
      const asked = [...alive].map((each) => within(METRICS_MS, each.channel.call('metrics', undefined), []))
      return [await metrics.ofProcess(), ended, ...(await Promise.all(asked))]
    }

    function begin(
      kind: ProcessKind,
      { start, own }: { start: ProcessStart; own: ReturnType<typeof shared.forProcess> },
    ) {
      const answers: Answers<PrimaryCalls> = {
        ...own.answers,
        metrics: allMetrics,
        async refreshCallers() {
          await Promise.all(
            others(process).map((each) => each.channel.call('refreshCallers', undefined).catch(() => {})),
          )
        },
      }
      const process = startProcess({ kind, start, answers, onMessage, limits })
      alive.add(process)
      void process.ended.then(() => {
        alive.delete(process)
        own.ended()
        if (start.auditChain !== undefined) chains.giveBack(start.auditChain)
      })
      return process

      function onMessage(message: FromProcess): void {
        if (message.kind === 'wake') for (const each of running('jobs')) void each.channel.send({ kind: 'wake' })
        else if (message.kind === 'taken') for (const each of others(process)) void each.channel.send(message)
        else if (message.kind === 'worker') workerIds.set(message.workerId, process)
        else if (message.kind === 'lastMetrics') addEnded(message.metrics)
        else own.onMessage(message)
      }
    }

    let adding: Promise<void> = Promise.resolve()
    function addEnded(counts: ProcessMetrics): void {
      adding = adding.then(async () => {
        ended = await endedCounts(ended, counts)
      })
    }

    /** The last of them: leases of others have expired. */
    function endedWorkers(): readonly string[] {
      const ids = [...workerIds].filter(([, process]) => !alive.has(process)).map(([id]) => id)
      for (const id of ids.splice(0, Math.max(0, ids.length - ENDED_WORKERS_MAX))) workerIds.delete(id)
      return ids
    }

    const common = { credentials, sealingKey }
    function startJobs(): StartedProcess {
      const address = addresses.next()
      const start = {
        ...common,
        config,
        limits,
        name: 'jobs',
        jobsAddress: address,
        auditChain: undefined,
        endedWorkerIds: endedWorkers(),
        serverCount: servers.count(),
      }
      const process = begin('jobs', { start, own: shared.forProcess(() => process.channel) })
      void process.ended.then(() => addresses.ended(address))
      void process.ready.then(
        () => {
          jobsAddress = address
          sendAll({ kind: 'jobsAddress', address })
        },
        () => {},
      )
      return process
    }
    const partOfLimits = dividedLimits(limits, config.processes)
    function startRequest(number: number): StartedProcess {
      const start = {
        ...{ ...common, config: { ...config, port }, limits: partOfLimits, name: `request-${number}` },
        ...{ jobsAddress, auditChain: chains.take(), endedWorkerIds: [], serverCount: servers.count() },
      }
      const process = begin('request', { start, own: shared.forProcess(() => process.channel) })
      return process
    }
    const keep = async (kind: ProcessKind, start: () => StartedProcess) => {
      const one = await keepProcess(start, { log, onRestart: () => countRestart(kind) })
      kept[kind].push(one)
    }

    let drainMs = 0
    steps.push(async () => {
      await Promise.all(kept.request.map((each) => each.stop(drainMs)))
      await Promise.all(kept.jobs.map((each) => each.stop(0)))
      for (const each of alive) each.kill()
      await Promise.all([...alive].map((each) => each.ended))
    })
    const numbers = Array.from({ length: config.processes }, (_, index) => index + 1)
    await allOrFirstError([
      keep('jobs', startJobs),
      ...numbers.map((number) => keep('request', () => startRequest(number))),
    ])
    await continueUnusedChains(config, { chains: chains.unused(), limits, log })
    const endpoint = endpointOf(config.host[0]!, port, certificate && { certificate: certificate.current })
    const [partitions, { processes }] = [catalog.spread, config]
    log.info({ endpoint, dataFolder: config.dataFolder, processes, ...(partitions > 1 && { partitions }) }, 'ready')

    let restarts: Promise<void> = Promise.resolve()
    async function restartAll(): Promise<void> {
      log.info({}, 'restarting every process')
      await certificate?.reload()
      try {
        for (const each of [...kept.request, ...kept.jobs]) await each.replace()
        log.info({}, 'every process was restarted')
      } catch (err) {
        log.error({ err }, 'a new process could not start; those that run go on')
      }
    }
    return {
      ...{ endpoint, port, credentials, region: config.region },
      certificate: certificate && { ...certificate.current, reload: () => certificate.reload() },
      restart() {
        restarts = restarts.then(restartAll)
        return restarts
      },
      stop({ drains } = { drains: false }) {
        if (drains && servers !== ONE_SERVER) ({ drainMs } = limits)
        return steps.run()
      },
    }
  } catch (cause) {
    await steps.run()
    throw cause
  }
}

/** The port of the configuration if it can be listened on, or one that is free. */
async function freePortOf({ host: hosts, port: wanted }: Config, log: Log): Promise<number> {
  const { servers, port } = await bind({ hosts, port: wanted, log }, () => createServer())
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return port
}

async function within<T>(ms: number, result: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), ms)
  })
  try {
    return await Promise.race([result.catch(() => otherwise), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits for all, so that those that start can be stopped. @throws the first error */
async function allOrFirstError(starting: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(starting)).find((each) => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
