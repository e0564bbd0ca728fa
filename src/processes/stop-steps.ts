/** What a process has opened, closed in the reverse order. */
export class StopSteps {
  readonly #steps: (() => Promise<void>)[] = []
  #stopped: Promise<void> | undefined

  push(step: () => Promise<void>): void {
    this.#steps.push(step)
  }

  /** Further calls wait for the first one. */
  run(): Promise<void> {
    this.#stopped ??= this.#runAll()
    return this.#stopped
  }

  async #runAll(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) await step()
  }
}
