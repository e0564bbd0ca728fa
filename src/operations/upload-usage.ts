/**
 * The bytes of the uploads of each access key: counted in the bucket on first use, then updated as files arrive. A file that is sent twice, or
 * removed by another server, makes the number too large, so it is counted again before an upload is refused.
 */
import type { UploadUsage } from '../app.ts'

interface Usage {
  /** Undefined until it is counted. */
  storedBytes: number | undefined
  arrivingBytes: number
  storedWhileCounting: number
  counting: Promise<void> | undefined
}

export function openUploadUsage(): UploadUsage {
  const usages = new Map<string, Usage>()

  function usageOf(owner: string): Usage {
    const usage = usages.get(owner) ?? {
      storedBytes: undefined,
      arrivingBytes: 0,
      storedWhileCounting: 0,
      counting: undefined,
    }
    usages.set(owner, usage)
    return usage
  }

  function recount(usage: Usage, count: () => Promise<number>): Promise<void> {
    async function counted(): Promise<void> {
      usage.storedWhileCounting = 0
      const bytes = await count()
      usage.storedBytes = bytes + usage.storedWhileCounting
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
      if (!fits()) await recount(usage, count)
      if (!fits()) return undefined
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
