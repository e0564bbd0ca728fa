/**
 * Which partition has what. A data store with one partition is in the control catalog as a whole. The studies of another one are spread over
 * the first of the numbered partitions (study-places.ts says how), so that the image sets of a study are in one: grouping, primary image sets and
 * siblings need no other. An imageSetId begins with the number of its partition.
 */
import type { Catalog } from '../catalog/catalog.ts'
import { partitionOfImageSet } from '../sql/rows/image-set-id.ts'

/** The partition of the control catalog. */
export const CONTROL = 0

export interface Partition {
  readonly number: number
  readonly catalog: Catalog
}

/** Of a data store: the control catalog, or the numbered ones from 1. */
export type Partitions = readonly [Partition, ...Partition[]]

export const isInControl = (partitions: Partitions): boolean => partitions[0].number === CONTROL

/** After a partition could not be opened, until it is tried again. */
const AWAY_MS = 1_000
/** Data stores whose partitions are remembered: they never change. */
const REMEMBERED_MAX = 10_000

export class Placement {
  readonly control: Catalog
  readonly #open: (number: number) => Promise<Catalog>
  readonly #control: readonly [Partition]
  readonly #opening: Promise<Partition>[] = []
  readonly #opened: Partition[] = []
  /** Promises that are fulfilled: a request waits for no more than one microtask. */
  readonly #ofDatastore = new Map<string, Promise<Partitions>>()

  /** @param open opens a partition, from number 1 */
  constructor({ control, open }: { readonly control: Catalog; readonly open: (number: number) => Promise<Catalog> }) {
    this.control = control
    this.#open = open
    this.#control = [{ number: CONTROL, catalog: control }]
  }

  /** The control catalog, and the partitions that were opened: all that this process has searched or written. */
  get opened(): readonly Partition[] {
    return [...this.#control, ...this.#opened]
  }

  /** Those that data stores are spread over, of which there may be more since the last call. */
  async numbered(): Promise<readonly Partition[]> {
    return this.#upTo(await this.control.asControl.mostPartitions())
  }

  /** With the control catalog. */
  async all(): Promise<Partitions> {
    return [this.#control[0], ...(await this.numbered())]
  }

  /** As `all`, each on its own: a promise of one that is away is rejected. */
  async each(): Promise<readonly Promise<Partition>[]> {
    const count = await this.control.asControl.mostPartitions()
    return Array.from({ length: count + 1 }, (_, number) => this.at(number))
  }

  /** A partition of which a data store has something. */
  async at(number: number): Promise<Partition> {
    return number === CONTROL ? this.#control[0] : this.#partition(number)
  }

  #upTo(count: number): Promise<readonly Partition[]> {
    return Promise.all(Array.from({ length: count }, (_, index) => this.#partition(index + 1)))
  }

  #partition(number: number): Promise<Partition> {
    const opening = this.#opening[number]
    if (opening !== undefined) return opening
    const opened = this.#open(number).then((catalog) => {
      const partition = { number, catalog }
      this.#opened.push(partition)
      return partition
    })
    this.#opening[number] = opened
    // It may be away now, and there later. Until then nothing waits for it again.
    opened.catch(() => setTimeout(() => delete this.#opening[number], AWAY_MS).unref())
    return opened
  }

  /** The partitions of a data store. Of one that does not exist: the control catalog, which says so. */
  of(datastoreId: string): Promise<Partitions> {
    return this.#ofDatastore.get(datastoreId) ?? this.#find(datastoreId)
  }

  async #find(datastoreId: string): Promise<Partitions> {
    const count = await this.control.asControl.partitionsOf(datastoreId)
    if (count === undefined) return this.#control
    const partitions = count === 1 ? this.#control : ((await this.#upTo(count)) as Partitions)
    if (this.#ofDatastore.size >= REMEMBERED_MAX) this.#ofDatastore.clear()
    this.#ofDatastore.set(datastoreId, Promise.resolve(partitions))
    return partitions
  }

  /** The partitions of a data store that are not the control catalog. */
  async numberedOf(datastoreId: string): Promise<readonly Partition[]> {
    const partitions = await this.of(datastoreId)
    return isInControl(partitions) ? [] : partitions
  }

  /** The partition of an image set. Of an id that no partition gave: one that says so. */
  async ofImageSet({
    datastoreId,
    imageSetId,
  }: {
    readonly datastoreId: string
    readonly imageSetId: string
  }): Promise<Partition> {
    const known = this.#ofDatastore.get(datastoreId)
    const count = known === undefined ? await this.control.asControl.partitionsOf(datastoreId) : undefined
    if (count === undefined || count === 1) {
      const partitions = await this.of(datastoreId)
      return partitions[numberWithin(partitions.length, imageSetId) - 1]!
    }
    // On its own: others may be away.
    this.of(datastoreId).catch(() => {})
    return this.#partition(numberWithin(count, imageSetId))
  }
}

/** A data store has the partitions 1, 2 and so on, or the control catalog. */
function numberWithin(count: number, imageSetId: string): number {
  const number = partitionOfImageSet(imageSetId) ?? 1
  return number >= 1 && number <= count ? number : 1
}
