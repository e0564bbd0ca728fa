/**
 * The partition of a study: that of a hash of its StudyInstanceUID, its home, or the one that its home names instead. An imageSetId fixes the
 * partition of an image set, but an update can give it another StudyInstanceUID. Then its partition keeps the new study, and the home of that
 * study remembers where it is (src/stores/sql/moved-studies/moved-studies.ts). It does so in a transaction of its own before the update: if the update
 * fails or a server dies in between, the study has a place and no image sets, and whatever is imported of it goes there.
 *
 * A home that names another partition has nothing of the study, and that never changes. So a place that was read once stays right, and what is read
 * at home needs no second look unless it is empty.
 */
import { crc32 } from 'node:zlib'
import { ContractError } from '../../contract/errors.ts'
import type { MovedStudies } from '../catalog/partition-repository.ts'
import { isInControl, type Partition, type Partitions, type Placement } from './placement.ts'

export interface Study {
  readonly datastoreId: string
  readonly studyInstanceUID: string
}

/** Studies outside their homes that are remembered. */
const REMEMBERED_MAX = 10_000

const ELSEWHERE =
  'The StudyInstanceUID is of a study that the data store keeps in another partition than this image set, and an image set stays in its partition. ' +
  'Import its files with this StudyInstanceUID instead'

const BEING_IMPORTED =
  'Files of the study with this StudyInstanceUID are being imported: wait until the import job has ended, then send the request again'

export class StudyPlaces {
  readonly #placement: Placement
  readonly #moved = new Map<string, number>()

  constructor(placement: Placement) {
    this.#placement = placement
  }

  /** What is known without asking: the right place of a study that is known to have moved, and of others if they have not. */
  expected(partitions: Partitions, study: Study): Partition {
    if (isInControl(partitions)) return partitions[0]
    const moved = this.#moved.get(nameOf(study))
    return moved === undefined ? homeOf(partitions, study.studyInstanceUID) : partitions[moved - 1]!
  }

  /** The place of each study. */
  async find(datastoreId: string, studyInstanceUIDs: readonly string[]): Promise<ReadonlyMap<string, Partition>> {
    const partitions = await this.#placement.of(datastoreId)
    const expected = () =>
      new Map(studyInstanceUIDs.map((uid) => [uid, this.expected(partitions, { datastoreId, studyInstanceUID: uid })]))
    if (isInControl(partitions)) return expected()
    await Promise.all(
      Array.from(
        Map.groupBy(expected(), ([, partition]) => partition),
        async ([{ catalog }, some]) =>
          this.learn(
            datastoreId,
            await catalog.asPartition.movedStudies(
              datastoreId,
              some.map(([uid]) => uid),
            ),
          ),
      ),
    )
    return expected()
  }

  /**
   * What a partition says of a study. If it says that there is nothing, its home is asked for another place.
   * @param isNothing of what was read
   */
  async read<Found>(
    study: Study,
    read: (partition: Partition) => Promise<Found>,
    isNothing: (found: Found) => boolean,
  ): Promise<Found> {
    const partitions = await this.#placement.of(study.datastoreId)
    const expected = this.expected(partitions, study)
    const found = await read(expected)
    if (isInControl(partitions) || !isNothing(found)) return found
    const places = await this.find(study.datastoreId, [study.studyInstanceUID])
    const place = places.get(study.studyInstanceUID)!
    return place === expected ? found : read(place)
  }

  /** A partition has said where these studies are. */
  learn(datastoreId: string, moved: MovedStudies): void {
    for (const [studyInstanceUID, partition] of moved) {
      if (this.#moved.size >= REMEMBERED_MAX) this.#moved.clear()
      this.#moved.set(nameOf({ datastoreId, studyInstanceUID }), partition)
    }
  }

  /**
   * Before an image set of the partition becomes one of the study: the study is in the partition, or is from now on.
   * @throws ContractError if it is in another one
   */
  async keepIn(partition: Partition, study: Study): Promise<void> {
    const partitions = await this.#placement.of(study.datastoreId)
    if (isInControl(partitions)) return
    const home = homeOf(partitions, study.studyInstanceUID)
    if (home === partition || this.#moved.get(nameOf(study)) === partition.number) return
    const outcome = await home.catalog.asPartition.keepStudyIn({ ...study, partition: partition.number })
    if (outcome === 'kept') this.learn(study.datastoreId, new Map([[study.studyInstanceUID, partition.number]]))
    else if (outcome === 'being-imported') throw new ContractError('ConflictException', BEING_IMPORTED)
    else if (outcome === 'elsewhere') throw studyElsewhere()
  }
}

export const studyElsewhere = (): ContractError => new ContractError('ValidationException', ELSEWHERE)

/** The partition that the hash of a study names. */
export const homeOf = (partitions: Partitions, studyInstanceUID: string): Partition =>
  partitions[crc32(studyInstanceUID) % partitions.length]!

const nameOf = ({ datastoreId, studyInstanceUID }: Study): string => `${datastoreId} ${studyInstanceUID}`
