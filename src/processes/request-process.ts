/** The entry point of a process that serves requests, of a server with several. All of them listen on one port, which the primary holds. */
import type { Log } from '../app.ts'
import type { Listening } from '../protocols/http/listen.ts'
import { watchCertificate } from '../server/certificate-watch.ts'
import { openLog } from '../server/log.ts'
import { createMetrics } from '../server/metrics.ts'
import { runChildProcess } from './child-process.ts'
import { serveRequests } from './serve-requests.ts'
import { sharedOfPrimary } from './shared-of-primary.ts'
import { StopSteps } from './stop-steps.ts'

// The primary watches the certificate too, and warns once for all.
const NO_LOG: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

runChildProcess(
  async ({ start, primary }) => {
    const { config, limits, name } = start
    const metrics = createMetrics(() => primary.call('metrics', undefined))
    const log = metrics.counting(openLog({ logLevel: config.logLevel, processName: name }))
    const steps = new StopSteps()
    let listening: Listening | undefined
    const certificate =
      config.tls &&
      (await watchCertificate(config.tls, {
        ...{ limits, log: NO_LOG, clock: Date.now },
        onChange: ({ context }) => listening?.useCertificate(context),
      }))
    steps.push(async () => certificate?.stop())
    const shared = sharedOfPrimary(primary, start)
    steps.push(async () => shared.stop())
    const serving = await serveRequests(config, start, {
      shared: { ...shared, auditChain: start.auditChain! },
      ...{ certificate, metrics, log, steps },
    })
    listening = serving.listening
    return {
      onMessage(message) {
        if (message.kind === 'reloadCertificate') void certificate?.reload()
        else shared.onMessage(message)
      },
      answers: {
        metrics: () => metrics.ofProcess(),
        countUploads: (counting) => shared.countUploads(counting),
        refreshCallers: () => serving.refreshCallers(),
      },
      async stop({ isReplaced, drainMs }) {
        const idleMs = isReplaced || drainMs > 0 ? limits.replacedIdleMs : 0
        await serving.stopListening({ drainMs, idleMs })
        await steps.run()
        await primary.send({ kind: 'lastMetrics', metrics: await metrics.ofProcess() })
      },
    }
  },
  // What it was doing is as after a crash: its clients have lost their connections, and what was acknowledged is durable.
  { endsAtOnce: true },
)
