/**
 * The bytes of the uploads of each access key: counted in the bucket on first use, then updated as files arrive. A file that is sent twice, or
 * removed by another server, makes the number too large, so it is counted again before an upload is refused. What other servers store makes it too
 * small: beside them it is counted again now and then, and meanwhile the last number holds.
 */
import type { UploadUsage } from '../app.ts'

/** How often it is counted before an upload is refused, where files arrive meanwhile. */
const COUNTS_MAX = 3

interface Usage {
  /** Undefined until it is counted. */
  storedBytes: number | undefined
  arrivingBytes: number
  storedWhileCounting: number
  /** Resolves with whether files were stored meanwhile: those may be in the number twice. */
  counting: Promise<boolean> | undefined
  /** When it was counted, by the monotonic clock. */
  countedAt: number
}

export function openUploadUsage({
  countedMs,
  serverCount,
}: {
  readonly countedMs: number
  readonly serverCount: () => number
}): UploadUsage {
  const usages = new Map<string, Usage>()

  function usageOf(owner: string): Usage {
    const usage = usages.get(owner) ?? {
      storedBytes: undefined,
      arrivingBytes: 0,
      storedWhileCounting: 0,
      counting: undefined,
      countedAt: 0,
    }
    usages.set(owner, usage)
    return usage
  }

  function recount(usage: Usage, count: () => Promise<number>): Promise<boolean> {
    async function counted(): Promise<boolean> {
      usage.storedWhileCounting = 0
      usage.countedAt = performance.now()
      const bytes = await count()
      usage.storedBytes = bytes + usage.storedWhileCounting
      return usage.storedWhileCounting > 0
    }
    usage.counting ??= counted().finally(() => {
      usage.counting = undefined
    })
    return usage.counting
  }

  return {
    async take({ owner, bytes, limitBytes }, count) {
      const usage = usageOf(owner)
      const fits = () =>
        usage.storedBytes !== undefined && usage.storedBytes + usage.arrivingBytes + bytes <= limitBytes
      for (let counts = 1; !fits(); counts++) {
        const hasChanged = await recount(usage, count)
        if (!fits() && (!hasChanged || counts === COUNTS_MAX)) return undefined
      }
      if (serverCount() > 1 && performance.now() - usage.countedAt > countedMs) recount(usage, count).catch(() => {})
      usage.arrivingBytes += bytes
      return (isStored) => {
        usage.arrivingBytes -= bytes
        if (!isStored) return
        usage.storedWhileCounting += bytes
        if (usage.storedBytes !== undefined) usage.storedBytes += bytes
      }
    },
    forget() {
      for (const usage of usages.values()) usage.storedBytes = undefined
    },
  }
}
