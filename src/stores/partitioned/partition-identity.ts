/**
 * Which partition of which catalog a catalog is. It is recorded in the partition and in the control catalog, so that another list of databases
 * and the partition of another catalog are noticed: data stores would be without their image sets there.
 */
import type { Catalog } from '../catalog/catalog.ts'
import { OtherSchema } from '../sql/schema/other-schema.ts'

/** It belongs to something else, or is somewhere else. */
export class WrongPartition extends OtherSchema {
  override readonly name = 'WrongPartition'
}

interface NumberedPartition {
  readonly number: number
  /** Where it is, for the operator: the subject of a sentence. */
  readonly place: string
}

/** The name of the settings. */
const CATALOG = 'catalog'
const IDENTITY = 'partition'
const idOf = (number: number) => `partition ${number}`

/** Whether some process has created the partition, at its place or elsewhere. */
export const isCreated = async (control: Catalog, number: number): Promise<boolean> =>
  (await control.database.setting(idOf(number))) !== undefined

export const notFound = ({ number, place }: NumberedPartition): WrongPartition =>
  new WrongPartition(
    `partition ${number} of the catalog was created, and ${place} does not have it: give the databases of partitions ` +
      '(--partition-catalog) in the order in which they were given then, or restore it from a backup',
  )

/**
 * Records the identity of a new partition.
 * @param options.readOnly compares only
 * @throws WrongPartition if it is another partition, or that of another catalog
 */
export async function identifyPartition(
  { number, place }: NumberedPartition,
  options: {
    readonly control: Catalog
    readonly partition: Catalog
    readonly newId: () => string
    readonly readOnly?: boolean
  },
): Promise<void> {
  const { control, partition, newId, readOnly = false } = options
  const kept = async (catalog: Catalog, name: string, value: string) => {
    const found = await catalog.database.setting(name)
    return found === undefined && !readOnly ? catalog.database.keepSetting(name, value) : found
  }
  const catalogId = await kept(control, CATALOG, newId())
  const identity = await kept(partition, IDENTITY, `${catalogId} ${number} ${newId()}`)
  const [ofCatalog, ofNumber, id = ''] = (identity ?? '').split(' ')
  if (ofCatalog !== catalogId)
    throw new WrongPartition(
      `${place} is a partition of another catalog: each catalog needs databases of its own for its partitions`,
    )
  if (ofNumber !== String(number)) throw new WrongPartition(`${place} is partition ${ofNumber}, not ${number}`)
  if ((await kept(control, idOf(number), id)) !== id)
    throw new WrongPartition(
      `partition ${number} of the catalog was created elsewhere than in ${place}: give the databases of partitions ` +
        '(--partition-catalog) in the order in which they were given then',
    )
}
