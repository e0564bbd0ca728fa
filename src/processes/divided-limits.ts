/** The limits of one of several processes that serve requests. */
import type { Limits } from '../limits.ts'

/** Limits on what all processes that serve requests have together. Each gets its part, and at least 1. */
const DIVIDED = [
  ...(['requestBodiesBytes', 'connections', 'connectionsPerAddress', 'authorizerCalls'] as const),
  ...(['replyBuffersKept', 'decryptedCacheBytes', 'servedFrameBytes', 'catalogCacheBytes', 'accessTimesKept'] as const),
  ...(['catalogReadConnections', 'catalogWriteConnections', 's3Connections'] as const),
] satisfies readonly (keyof Limits)[]

/** Bodies in a process at the same time, at least. */
const BODIES_MIN = 2

export function dividedLimits(limits: Limits, processes: number): Limits {
  const parts = DIVIDED.map((name) => [name, Math.max(1, Math.floor(limits[name] / processes))] as const)
  const divided = { ...limits, ...Object.fromEntries(parts) }
  // Less would refuse a body that the limit of one body permits.
  return { ...divided, requestBodiesBytes: Math.max(divided.requestBodiesBytes, BODIES_MIN * limits.requestBodyBytes) }
}
