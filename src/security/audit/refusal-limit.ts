/** Limits the lines of refused requests per address. Those beyond the limit are counted, and a line per minute has their number. */

interface RefusalCount {
  /** An IPv4 address, an IPv6 /64 network, or `others` when too many addresses send requests. */
  readonly sourceAddress: string
  readonly count: number
  /** Milliseconds since 1970. */
  readonly since: number
}

const MINUTE_MS = 60_000
const ADDRESSES_MAX = 1_000
const OTHERS = 'others'

interface Address {
  written: number
  counted: number
}

export class RefusalLimit {
  readonly #linesPerMinute: number
  readonly #onCount: (count: RefusalCount) => void
  readonly #addresses = new Map<string, Address>()
  readonly #clock: () => number
  #timer: NodeJS.Timeout | undefined
  #since = 0

  constructor(options: {
    readonly linesPerMinute: number
    readonly clock: () => number
    readonly onCount: (count: RefusalCount) => void
  }) {
    this.#linesPerMinute = options.linesPerMinute
    this.#clock = options.clock
    this.#onCount = options.onCount
  }

  /** Whether the refusal gets a line. Otherwise it is counted. */
  admits(network: string): boolean {
    const address = this.#of(network)
    if (address.written >= this.#linesPerMinute) {
      address.counted += 1
      return false
    }
    address.written += 1
    return true
  }

  /** A refusal without a line, whatever the limit. */
  count(network: string): void {
    this.#of(network).counted += 1
  }

  /** Reports the counts, and begins the next minute. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const counted = [...this.#addresses].filter(([, { counted }]) => counted > 0)
    this.#addresses.clear()
    for (const [sourceAddress, { counted: count }] of counted) {
      this.#onCount({ sourceAddress, count, since: this.#since })
    }
  }

  #of(network: string): Address {
    if (this.#timer === undefined) {
      this.#since = this.#clock()
      this.#timer = setTimeout(() => this.flush(), MINUTE_MS).unref()
    }
    const name = this.#addresses.has(network) || this.#addresses.size < ADDRESSES_MAX ? network : OTHERS
    let address = this.#addresses.get(name)
    if (address === undefined) {
      address = { written: 0, counted: 0 }
      this.#addresses.set(name, address)
    }
    return address
  }
}
