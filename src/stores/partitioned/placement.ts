/**
 * Which partition has what. A data store with one partition is in the control catalog as a whole. The studies of another one are spread over
 * the first of the numbered partitions by a hash of their StudyInstanceUID, so that the image sets of a study are in one: grouping, primary
 * image sets and siblings need no other. An imageSetId begins with the number of its partition.
 */
import { crc32 } from 'node:zlib'
import type { Catalog } from '../catalog/catalog.ts'
import { partitionOfImageSet } from '../sql/rows/image-set-id.ts'

/** The partition of the control catalog. */
export const CONTROL = 0

export interface Partition {
  readonly number: number
  readonly catalog: Catalog
}

/** Data stores whose number of partitions is remembered: it never changes. */
const REMEMBERED_MAX = 10_000

export class Placement {
  readonly control: Catalog
  readonly #open: (number: number) => Promise<Catalog>
  readonly #control: readonly [Partition]
  readonly #opening: Promise<Partition>[] = []
  readonly #opened: Partition[] = []
  readonly #counts = new Map<string, number>()

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
    return this.#upTo(await this.control.partition.mostPartitions())
  }

  /** With the control catalog. */
  async all(): Promise<readonly Partition[]> {
    return [...this.#control, ...(await this.numbered())]
  }

  /** A partition of which a data store has something. */
  async at(number: number): Promise<Partition> {
    return number === CONTROL ? this.#control[0] : (await this.#upTo(number)).at(-1)!
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
    // It may be away now, and there later.
    opened.catch(() => delete this.#opening[number])
    return opened
  }

  /** The partitions of a data store, at least one. Of one that does not exist: the control catalog, which says so. */
  async of(datastoreId: string): Promise<readonly [Partition, ...Partition[]]> {
    const count = this.#counts.get(datastoreId) ?? (await this.#count(datastoreId))
    if (count === 1) return this.#control
    const [first, ...others] = await this.#upTo(count)
    return [first!, ...others]
  }

  async #count(datastoreId: string): Promise<number> {
    const count = await this.control.partition.partitionsOf(datastoreId)
    if (count === undefined) return 1
    if (this.#counts.size >= REMEMBERED_MAX) this.#counts.clear()
    this.#counts.set(datastoreId, count)
    return count
  }

  /** The partition of an image set. Of an id that no partition gave: one that says so. */
  async ofImageSet({
    datastoreId,
    imageSetId,
  }: {
    readonly datastoreId: string
    readonly imageSetId: string
  }): Promise<Partition> {
    const partitions = await this.of(datastoreId)
    const number = partitionOfImageSet(imageSetId)
    return partitions.find((each) => each.number === number) ?? partitions[0]
  }

  /** The partition of a study, or of the named image set of it. */
  async ofStudy({
    datastoreId,
    studyInstanceUID,
    imageSetId,
  }: {
    readonly datastoreId: string
    readonly studyInstanceUID: string
    readonly imageSetId?: string | undefined
  }): Promise<Partition> {
    if (imageSetId !== undefined) return this.ofImageSet({ datastoreId, imageSetId })
    return partitionOfStudy(await this.of(datastoreId), studyInstanceUID)
  }
}

export const partitionOfStudy = (
  partitions: readonly [Partition, ...Partition[]],
  studyInstanceUID: string,
): Partition => partitions[crc32(studyInstanceUID) % partitions.length]!

/** Numbers of a partition's rows, such as groups of files and workflows, with the number of the partition. */
const NUMBERS_PER_ROW = 4_096

export const numberIn = ({ number }: Partition, row: number): number => row * NUMBERS_PER_ROW + number

export const rowOf = (numbered: number): number => Math.floor(numbered / NUMBERS_PER_ROW)

export const partitionNumberOf = (numbered: number): number => numbered % NUMBERS_PER_ROW
