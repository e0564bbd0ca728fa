/** Metrics of the partitions of the catalog: whether each answers, and the searches that it was asked. Their number is limited (PARTITIONS_MAX). */
import { setTimeout } from 'node:timers/promises'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { App } from '../app.ts'

/** They are asked at most once in this time. */
const ASK_EVERY_MS = 10_000
const TIMEOUT_MS = 5_000

/** Returns a function that asks them. A catalog without partitions has no such metrics. */
export function watchPartitions({ catalog }: Pick<App, 'catalog'>, registry: Registry): () => Promise<void> {
  const [registers, labelNames] = [[registry], ['partition'] as const]
  const isUp = new Gauge({
    ...{ name: 'hilum_partition_up', help: '1 if the partition of the catalog answers.', labelNames, registers },
  })
  const roundTrip = new Gauge({
    name: 'hilum_partition_round_trip_seconds',
    help: 'Time of a small read of the partition.',
    ...{ labelNames, registers },
  })
  async function ask(): Promise<void> {
    const [, ...parts] = await catalog.parts()
    await Promise.all(
      parts.map(async ({ partition, open }) => {
        const seconds = await roundTripOf(async () => (await open()).database.answers())
        isUp.set({ partition }, seconds === undefined ? 0 : 1)
        if (seconds === undefined) roundTrip.remove({ partition })
        else roundTrip.set({ partition }, seconds)
      }),
    )
  }
  let askedAt = -Infinity
  return async () => {
    if (performance.now() - askedAt < ASK_EVERY_MS) return
    askedAt = performance.now()
    // While the control catalog is away they are those of the last time.
    await ask().catch(() => {})
  }
}

/** @returns undefined if there is no answer in time */
async function roundTripOf(read: () => Promise<unknown>): Promise<number | undefined> {
  const timeout = new AbortController()
  const startedAt = performance.now()
  try {
    return await Promise.race([
      read().then(() => (performance.now() - startedAt) / 1000),
      setTimeout(TIMEOUT_MS, undefined, { signal: timeout.signal, ref: false }).catch(() => undefined),
    ])
  } catch {
    return undefined
  } finally {
    timeout.abort()
  }
}

/** Returns a function that counts a search of a partition. */
export function countPartitionSearches(registry: Registry): (partition: number, seconds: number) => void {
  const [registers, labelNames] = [[registry], ['partition'] as const]
  const searches = new Counter({
    name: 'hilum_partition_searches_total',
    help: 'Searches that the partition was asked.',
    ...{ labelNames, registers },
  })
  const seconds = new Counter({
    name: 'hilum_partition_search_seconds_total',
    help: 'Time until the partition answered them.',
    ...{ labelNames, registers },
  })
  return (partition, took) => {
    searches.inc({ partition })
    seconds.inc({ partition }, took)
  }
}
