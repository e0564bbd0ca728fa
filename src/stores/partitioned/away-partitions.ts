/** Partitions that do not answer, because their database or file is away: what others have goes on. */
import { setTimeout } from 'node:timers/promises'
import { StoreUnavailable } from '../store-unavailable.ts'
import type { Partition, Placement } from './placement.ts'

/**
 * The first result of a partition that has one, in their order from the number `turn` on.
 * @throws StoreUnavailable if none has, and one is away
 */
export async function firstAnswer<T>(
  placement: Placement,
  turn: number,
  ask: (partition: Partition) => Promise<T | undefined>,
): Promise<T | undefined> {
  const each = await placement.each()
  for (const opening of each) opening.catch(() => {})
  let away: StoreUnavailable | undefined
  for (let count = 0; count < each.length; count++) {
    try {
      const answer = await ask(await each[(turn + count) % each.length]!)
      if (answer !== undefined) return answer
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      away = error
    }
  }
  if (away !== undefined) throw away
  return undefined
}

/** @returns their numbers */
export async function awayPartitions(
  placement: Placement,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<readonly number[]> {
  const [, ...numbered] = await placement.each()
  const late = new AbortController()
  const isLate = setTimeout(timeoutMs, false, { signal: late.signal, ref: false }).catch(() => false)
  const answering = await Promise.all(
    numbered.map((opening) =>
      Promise.race([
        opening
          .then(({ catalog }) => catalog.database.answers())
          .then(
            () => true,
            () => false,
          ),
        isLate,
      ]),
    ),
  )
  late.abort()
  return answering.flatMap((isAnswering, index) => (isAnswering ? [] : [index + 1]))
}
