/** /healthz, /readyz and /metrics. They are not signed, so they say no more than names of parts and counts. */
import { isLocal } from './http/request-origin.ts'
import { type ProtocolHandler, splitTarget, type WireReply } from './http/wire.ts'

export interface Monitoring {
  /** Names of the parts that do not answer, `catalog`, `blobs` or `audit log`, and numbers of partitions that do not. */
  readiness(): Promise<{ readonly failing: readonly string[]; readonly awayPartitions: readonly number[] }>
  /** In the text format of Prometheus. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
  /** Other machines may read /metrics. */
  readonly isPublic: boolean
}

export const MONITORING_PATHS = ['/healthz', '/readyz', '/metrics'] as const

export function monitoringHandler(monitoring: Monitoring): ProtocolHandler {
  return async (request) => {
    const { method, target } = request
    if (method !== 'GET' && method !== 'HEAD') return text(405, 'Send GET.\n')
    switch (splitTarget(target).path as (typeof MONITORING_PATHS)[number]) {
      case '/healthz':
        return text(200, 'ok\n')
      case '/readyz': {
        const { failing, awayPartitions: away } = await monitoring.readiness()
        if (failing.length > 0) return text(503, `not ready: ${failing.join(', ')}\n`)
        // A load balancer goes on with the server: it serves what the others have.
        return text(
          200,
          away.length === 0 ? 'ok\n' : `ok, but away: ${away.map((number) => `partition ${number}`).join(', ')}\n`,
        )
      }
      case '/metrics': {
        if (!monitoring.isPublic && !isLocal(request)) {
          return text(
            403,
            'Metrics are served on the machine of the server only and not through a proxy, unless it runs with --metrics-public.\n',
          )
        }
        const { contentType, text: body } = await monitoring.metrics()
        return { ...text(200, body), headers: { 'Content-Type': contentType, 'Cache-Control': 'no-store' } }
      }
    }
  }
}

const text = (status: number, body: string): WireReply => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' },
  body,
})
