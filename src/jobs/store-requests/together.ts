/**
 * How long a publication waits for more requests. Clients that store one file a request send the next one when the last was answered, a
 * millisecond or two later. Without waiting, half of them would always miss the publication of the others.
 */

/** At most this part of the time that the last publication took. */
const SHARE = 1 / 4
const WAIT_MAX_MS = 5

export class Together {
  #waiting = 0
  /** In the last publication. */
  #published = 0
  /** As many as there are clients, if all of them send another request. */
  #expected = 0
  #begunAt = 0
  #lastMs = 0
  #onAdd: () => void = () => {}

  /** A request waits for the next publication. */
  add(): void {
    this.#waiting += 1
    this.#onAdd()
  }

  /** When as many requests wait as there seem to be clients, or after a moment. */
  async ready(): Promise<void> {
    if (this.#waiting >= this.#expected) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, Math.min(this.#lastMs * SHARE, WAIT_MAX_MS))
    this.#onAdd = () => {
      if (this.#waiting >= this.#expected) resolve()
    }
    await promise
    clearTimeout(timer)
    this.#onAdd = () => {}
  }

  /** The publication contains the files of all requests that wait. */
  begin(): void {
    this.#published = this.#waiting
    this.#waiting = 0
    this.#begunAt = performance.now()
  }

  end(): void {
    this.#expected = this.#published + this.#waiting
    this.#lastMs = performance.now() - this.#begunAt
  }
}
