/** Asks the searches of a battery one at a time, first to warm up and then by the clock, and says how long they took. */
import { quantile } from '../processes.ts'
import type { BenchQuery } from './batteries.ts'

export interface Answer {
  /** The seq of each image set on the page. */
  readonly seqs: readonly number[]
  /** Entries of the index and rows of image sets that were looked at; null where the engine does not say. */
  readonly visited: number | null
}

/** In its place where the database was stopped at a cap of its own. */
export type Stopped = 'stopped'

/** As it is printed with --json: `run` of the `of` searches of the battery came before the time was up. */
export interface Times {
  readonly p50_ms: number
  readonly p99_ms: number
  readonly max_ms: number
  readonly visited_max: number | null
  readonly run: number
  readonly of: number
  /** Of those run, how many were stopped at the cap: their times are the least that they would have taken. */
  readonly stopped: number
}

export interface Measured {
  readonly times: Times
  /** Of the searches that were run, in their order; undefined where one was stopped. */
  readonly answers: readonly (readonly number[] | undefined)[]
}

/** @param request.capMs each of the two rounds begins no further search after this long. */
export async function measure(request: {
  readonly queries: readonly BenchQuery[]
  readonly ask: (query: BenchQuery) => Answer | Promise<Answer | Stopped>
  readonly capMs: number
}): Promise<Measured> {
  const { queries, ask, capMs } = request
  const round = async (asked: readonly BenchQuery[]) => {
    const timesMs: number[] = []
    const answers: (Answer | Stopped)[] = []
    const until = performance.now() + capMs
    for (const query of asked) {
      const startedAt = performance.now()
      if (startedAt > until) break
      answers.push(await ask(query))
      timesMs.push(performance.now() - startedAt)
    }
    return { timesMs, answers }
  }
  const warmUp = await round(queries)
  const { timesMs, answers } = await round(queries.slice(0, warmUp.answers.length))
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
    answers: answers.map((answer) => (answer === 'stopped' ? undefined : answer.seqs)),
  }
}

/** To a microsecond. */
export const rounded = (ms: number): number => Math.round(ms * 1000) / 1000
