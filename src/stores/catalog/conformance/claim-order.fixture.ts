/** A model of the order in which import jobs are claimed (ImportJobs.claim), over lists in memory. */

interface ModelledJob {
  readonly name: string
  readonly store: string
  readonly submittedAt: number
  owner?: string | undefined
  leaseUntil?: number | undefined
  servedAt?: number
  attempts: number
  turnState?: string | undefined
  hasEnded: boolean
}

export class ModelledJobs {
  /** In the order of their submission. */
  readonly jobs: ModelledJob[] = []

  submit(name: string, store: string, submittedAt: number): void {
    this.jobs.push({ name, store, submittedAt, attempts: 0, hasEnded: false })
  }

  isOneWaiting(now: number): boolean {
    return this.jobs.some((job) => isWaiting(job, now))
  }

  claim(owner: string, now: number, leaseUntil: number): ModelledJob | undefined {
    const claimedOf = (store: string) =>
      this.jobs.filter((job) => job.store === store && job.owner !== undefined && job.leaseUntil! > now).length
    const servedOf = (store: string) =>
      Math.max(0, ...this.jobs.filter((job) => job.store === store).map(({ servedAt = 0 }) => servedAt))
    const rank = (job: ModelledJob): readonly number[] => [
      claimedOf(job.store),
      servedOf(job.store),
      job.leaseUntil === undefined ? 0 : 1,
      job.leaseUntil ?? job.submittedAt,
      this.jobs.indexOf(job),
    ]
    const [next] = this.jobs.filter((job) => isWaiting(job, now)).toSorted((a, b) => compare(rank(a), rank(b)))
    if (next === undefined) return undefined
    const { turnState } = next
    Object.assign(next, { owner, leaseUntil, servedAt: now, attempts: next.attempts + 1, turnState: undefined })
    return { ...next, turnState }
  }

  endTurn(job: ModelledJob, at: number, turnState: string): void {
    Object.assign(job, { owner: undefined, leaseUntil: at, turnState, attempts: Math.max(0, job.attempts - 1) })
  }

  release(job: ModelledJob, from: number): void {
    Object.assign(job, { owner: undefined, leaseUntil: from, attempts: 0 })
  }

  finish(job: ModelledJob): void {
    Object.assign(job, { owner: undefined, leaseUntil: undefined, hasEnded: true })
  }

  /** Those whose worker may still write. */
  get owned(): readonly ModelledJob[] {
    return this.jobs.filter(({ owner, hasEnded }) => owner !== undefined && !hasEnded)
  }
}

const isWaiting = (job: ModelledJob, now: number): boolean =>
  !job.hasEnded && (job.leaseUntil === undefined || job.leaseUntil <= now)

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((value, index) => value !== other[index])
  return at === -1 ? 0 : one[at]! - other[at]!
}
