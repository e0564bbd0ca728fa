/** Token buckets by name. Those that were not used for longest are forgotten, and are full again: the memory is bounded. */

export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** That of one of several servers: together they never exceed the rate. A bucket holds a token at least. */
export const shareOf = (rate: Rate, servers: number): Rate =>
  servers === 1 ? rate : { perSecond: rate.perSecond / servers, burst: Math.max(1, rate.burst / servers) }

interface Bucket {
  tokens: number
  filledAt: number
}

export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>()
  readonly #kept: number
  /** The name that was used last. */
  #last: string | undefined
  /** What was taken since the last report, where others are told. */
  #taken: Map<string, number> | undefined

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
    if (wait === undefined) {
      bucket.tokens -= 1
      if (this.#taken !== undefined) this.#note(this.#taken, name)
    }
    this.#keep(name, bucket)
    return wait
  }

  /** Like take, but takes nothing. */
  wait(name: string, rate: Rate, now: number): number | undefined {
    const bucket = this.#buckets.get(name)
    return bucket === undefined ? undefined : waitFor(bucket, rate, now)
  }

  /** What was taken since the last call, by name: other processes take it from their buckets too. The first call begins to count. */
  takenSince(): ReadonlyMap<string, number> {
    const taken = this.#taken ?? new Map()
    this.#taken = new Map()
    return taken
  }

  /** Other processes have taken this many. A bucket may then owe as many as it holds. */
  takenByOthers(name: string, tokens: number, { rate, now }: { readonly rate: Rate; readonly now: number }): void {
    const bucket = this.#buckets.get(name) ?? { tokens: rate.burst, filledAt: now }
    waitFor(bucket, rate, now)
    bucket.tokens = Math.max(-rate.burst, bucket.tokens - tokens)
    this.#keep(name, bucket)
  }

  #note(taken: Map<string, number>, name: string): void {
    const before = taken.get(name)
    if (before !== undefined || taken.size < this.#kept) taken.set(name, (before ?? 0) + 1)
  }

  #keep(name: string, bucket: Bucket): void {
    if (this.#last === name) return
    this.#last = name
    // The last one in the order of the map is the one that was used last.
    this.#buckets.delete(name)
    this.#buckets.set(name, bucket)
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= this.#kept) break
      this.#buckets.delete(oldest)
    }
  }
}

function waitFor(bucket: Bucket, { perSecond, burst }: Rate, now: number): number | undefined {
  // The clock may have been set back.
  const elapsedSeconds = Math.max(0, now - bucket.filledAt) / 1000
  bucket.tokens = Math.min(burst, bucket.tokens + elapsedSeconds * perSecond)
  bucket.filledAt = now
  return bucket.tokens < 1 ? (1 - bucket.tokens) / perSecond : undefined
}
