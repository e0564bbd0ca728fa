/** Verifies the control catalog and each partition. Progress and amounts are sums, and a difference names its partition where there are several. */
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import type { Step, Verification } from './verify-steps.ts'

type Steps = (verification: Verification) => AsyncIterable<Step>

/** A catalog that is damaged is reported as a difference, and the others are verified. */
export const inEachCatalog = (steps: Steps): Steps =>
  async function* (verification) {
    const parts = await verification.catalog.parts()
    let [doneBefore, checkedBefore]: [number, Step['checked']] = [0, {}]
    for (const { partition, open } of parts) {
      const of = async function* () {
        yield* steps({ ...verification, catalog: await open() })
      }
      let total = 0
      let { checked } = NOTHING
      for await (const step of untilDamaged(of())) {
        total = Math.max(total, step.total)
        checked = sumOf(checkedBefore, step.checked)
        // The last step of some is 1 of 1.
        const done = step.done >= step.total ? total : step.done
        yield {
          ...step,
          ...{ done: doneBefore + done, total: doneBefore + total, checked },
          differences:
            parts.length === 1 ? step.differences : step.differences.map((each) => inPartition(partition, each)),
        }
      }
      doneBefore += total
      checkedBefore = checked
    }
  }

const NOTHING: Step = { done: 0, total: 0, checked: {}, differences: [] }

function inPartition(number: number, difference: Step['differences'][number]): Step['differences'][number] {
  const name = number === 0 ? 'control catalog' : `partition ${number}`
  return { ...difference, inPartition: number, text: `${name}: ${difference.text}` }
}

function sumOf(a: Step['checked'], b: Step['checked']): Step['checked'] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]))
}

/** A damaged database is reported as a difference, and the other parts are checked. */
export async function* untilDamaged(steps: AsyncIterable<Step>): AsyncGenerator<Step> {
  let last = NOTHING
  try {
    for await (const step of steps) {
      last = step
      yield step
    }
  } catch (cause) {
    if (!(cause instanceof StoreUnavailable && cause.reason === 'corrupt')) throw cause
    yield { ...last, differences: [{ kind: 'not-readable', text: `it cannot be read: ${cause.message}` }] }
  }
}
