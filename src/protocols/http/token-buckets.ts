/** Token buckets by name. Those that were not used for longest are forgotten, and are full again: the memory is bounded. */

export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

interface Bucket {
  tokens: number
  filledAt: number
}

export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>()
  readonly #kept: number
  /** The name that was used last. */
  #last: string | undefined

  constructor(kept: number) {
    this.#kept = kept
  }

  get size(): number {
    return this.#buckets.size
  }

  /** Takes a token. Returns the seconds until there is one, if there is none. `now` is in milliseconds. */
  take(name: string, rate: Rate, now: number): number | undefined {
    const bucket = this.#buckets.get(name) ?? { tokens: rate.burst, filledAt: now }
    const wait = waitFor(bucket, rate, now)
    if (wait === undefined) bucket.tokens -= 1
    if (this.#last === name) return wait
    // The last one in the order of the map is the one that was used last.
    this.#last = name
    this.#buckets.delete(name)
    this.#buckets.set(name, bucket)
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= this.#kept) break
      this.#buckets.delete(oldest)
    }
    return wait
  }

  /** Like take, but takes nothing. */
  wait(name: string, rate: Rate, now: number): number | undefined {
    const bucket = this.#buckets.get(name)
    return bucket === undefined ? undefined : waitFor(bucket, rate, now)
  }
}

function waitFor(bucket: Bucket, { perSecond, burst }: Rate, now: number): number | undefined {
  // The clock may have been set back.
  const elapsedSeconds = Math.max(0, now - bucket.filledAt) / 1000
  bucket.tokens = Math.min(burst, bucket.tokens + elapsedSeconds * perSecond)
  bucket.filledAt = now
  return bucket.tokens < 1 ? (1 - bucket.tokens) / perSecond : undefined
}
