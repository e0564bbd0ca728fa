/** The caches of searches of several catalogs in one process, such as partitions: together they take what those of one catalog would. */
import type { IndexSizes } from './kd-tree/sizes.ts'

/** What is divided. */
const IN_MEMORY = [
  ...(['tokensInMemory', 'leavesInMemory', 'entryBytesInMemory', 'tailsInMemory', 'hitBytesInMemory'] as const),
  ...(['rowLeafBytesInMemory', 'summaryBytesInMemory', 'answersInMemory', 'answerRowsInMemory'] as const),
] satisfies readonly (keyof IndexSizes)[]

export class SharedMemory {
  readonly #users = new Set<object>()

  /**
   * The sizes of one more catalog. It has a part from the time at which it first asks for one: a catalog that is never searched takes nothing from
   * the others.
   */
  sizesOf(sizes: IndexSizes): IndexSizes {
    const users = this.#users
    const own = { ...sizes }
    for (const name of IN_MEMORY) {
      const whole = sizes[name]
      const get = () => Math.max(1, Math.floor(whole / users.add(own).size))
      Object.defineProperty(own, name, { get, enumerable: true })
    }
    return own
  }
}
