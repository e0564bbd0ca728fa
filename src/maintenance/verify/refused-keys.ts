/** Data stores whose key is refused while they are verified: they are left out, and the others are checked. */
import { ContractError } from '../../contract/errors.ts'
import type { Step } from './verify-steps.ts'

export class RefusedKeys {
  readonly #datastoreIds = new Set<string>()

  /** @returns what the work returns, or undefined if the key of the blob's data store is refused */
  async unless<T>(blobKey: string, work: () => Promise<T>): Promise<T | undefined> {
    const datastoreId = blobKey.split('/')[0]!
    if (this.#datastoreIds.has(datastoreId)) return undefined
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ContractError && error.name === 'AccessDeniedException')) throw error
      this.#datastoreIds.add(datastoreId)
      return undefined
    }
  }

  /** For the steps of the part. */
  get notChecked(): Pick<Step, 'notChecked'> {
    const ids = [...this.#datastoreIds]
    if (ids.length === 0) return {}
    return { notChecked: `data store${ids.length === 1 ? '' : 's'} ${ids.join(', ')}: key refused` }
  }
}
