/**
 * Releases of jobs and workflows that failed because the catalog was unavailable. The worker retries them before it claims more. Otherwise
 * the lease would expire, the next claim would count as an attempt that failed, and after a few attempts the work would fail for good.
 */
export class PendingReleases {
  readonly #isLost: (error: unknown) => boolean
  readonly #pending = new Set<() => Promise<void>>()

  /** @param isLost the error says that another worker has claimed the work, so there is nothing to release */
  constructor(isLost: (error: unknown) => boolean) {
    this.#isLost = isLost
  }

  /** Never rejects: a failed release is retried later. */
  async release(release: () => Promise<void>): Promise<void> {
    this.#pending.add(release)
    await this.#try(release).catch(() => {})
  }

  /** @throws the error of the catalog if it is still unavailable; the remaining releases stay pending */
  async retry(): Promise<void> {
    for (const release of this.#pending) await this.#try(release)
  }

  async #try(release: () => Promise<void>): Promise<void> {
    try {
      await release()
    } catch (error) {
      if (!this.#isLost(error)) throw error
    }
    this.#pending.delete(release)
  }
}
