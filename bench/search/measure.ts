/** Runs the searches of a battery one at a time, first to warm up and then timed. */
import { quantile } from '../processes.ts'
import type { BenchQuery } from './batteries.ts'

export interface Answer {
  /** The row id of each image set on the page. */
  readonly rowIds: readonly number[]
  /** Index entries and rows read; null where the engine does not report it. */
  readonly visited: number | null
}

/** Instead of a result, when the database stopped the statement at its timeout. */
export type Stopped = 'stopped'

/** Printed with --json. `run` of the `of` searches of the battery were run before the time limit. */
export interface Times {
  readonly p50_ms: number
  readonly p99_ms: number
  readonly max_ms: number
  readonly visited_max: number | null
  readonly run: number
  readonly of: number
  /** How many were stopped at the timeout, which counts as their time. */
  readonly stopped: number
}

export interface Measured {
  readonly times: Times
  /** Of the searches that were run, in order; undefined for stopped ones. */
  readonly answers: readonly (readonly number[] | undefined)[]
}

/**
 * @param request.warmUp other searches of the same kind, where results are kept in memory: the same by default
 * @param request.capMs each of the two rounds starts no further search after this time, but always one.
 */
export async function measure(request: {
  readonly queries: readonly BenchQuery[]
  readonly warmUp?: readonly BenchQuery[]
  readonly ask: (query: BenchQuery) => Answer | Stopped | Promise<Answer | Stopped>
  readonly capMs: number
}): Promise<Measured> {
  const { queries, ask, capMs } = request
  const round = async (asked: readonly BenchQuery[]) => {
    const timesMs: number[] = []
    const answers: (Answer | Stopped)[] = []
    const until = performance.now() + capMs
    for (const query of asked) {
      const startedAt = performance.now()
      if (startedAt > until && answers.length > 0) break
      answers.push(await ask(query))
      timesMs.push(performance.now() - startedAt)
    }
    return { timesMs, answers }
  }
  const warmUp = await round(request.warmUp ?? queries)
  const { timesMs, answers } = await round(
    request.warmUp === undefined ? queries.slice(0, warmUp.answers.length) : queries,
  )
  const sorted = timesMs.toSorted((a, b) => a - b)
  const given = answers.filter((answer) => answer !== 'stopped')
  const visited = given.map((answer) => answer.visited).filter((count) => count !== null)
  return {
    times: {
      p50_ms: rounded(quantile(sorted, 0.5)),
      p99_ms: rounded(quantile(sorted, 0.99)),
      max_ms: rounded(sorted.at(-1)!),
      visited_max: visited.length === 0 ? null : Math.max(...visited),
      run: timesMs.length,
      of: queries.length,
      stopped: answers.length - given.length,
    },
    answers: answers.map((answer) => (answer === 'stopped' ? undefined : answer.rowIds)),
  }
}

/** To microseconds. */
export const rounded = (ms: number): number => Math.round(ms * 1000) / 1000
