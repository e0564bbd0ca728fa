/**
 * Work that could not be released because the catalog was away: released before the worker takes more. Its lease would run out by
 * itself, but the next claim would then count as an attempt on which a worker died, and after a few of these work is given up.
 */
export class LateReleases {
  readonly #isLost: (error: unknown) => boolean
  readonly #waiting = new Set<() => Promise<void>>()

  /** @param isLost another worker has it by now, so there is nothing to release */
  constructor(isLost: (error: unknown) => boolean) {
    this.#isLost = isLost
  }

  /** Never rejects. */
  async release(release: () => Promise<void>): Promise<void> {
    this.#waiting.add(release)
    await this.#try(release).catch(() => {})
  }

  /** @throws what the catalog throws; the rest waits on */
  async catchUp(): Promise<void> {
    for (const release of this.#waiting) await this.#try(release)
  }

  async #try(release: () => Promise<void>): Promise<void> {
    try {
      await release()
    } catch (error) {
      if (!this.#isLost(error)) throw error
    }
    this.#waiting.delete(release)
  }
}
