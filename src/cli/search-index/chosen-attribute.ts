/** What the commands for declared attributes share: the data store and the attribute that the command line names, and the open catalog. */
import { keywords, tagOf } from '../../dicom/dictionary.ts'
import { attributeToDeclare, type DeclarableAttribute } from '../../imaging/search/declared.ts'
import { isDataFolder } from '../../server/data-folder.ts'
import { nearest } from '../../server/nearest.ts'
import { openCatalog, placesOf, type StorePlaces } from '../../server/open-stores.ts'
import { OperatorError } from '../../server/operator-error.ts'
import type { Catalog } from '../../stores/catalog/catalog.ts'
import { OtherIndexFormat } from '../../stores/search/index-format.ts'
import { OtherSchema } from '../../stores/sql/schema/other-schema.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { pickDatastore } from '../client/datastores.ts'
import type { Invocation } from '../terminal/command.ts'

const DATASTORES_PER_PAGE = 1_000

interface OpenIndex {
  readonly catalog: Catalog
  readonly places: StorePlaces
  readonly datastoreId: string
}

/** @param what.failed begins the message when a store is away */
export async function withDatastore<T>(
  { config, flags }: Invocation,
  what: { readonly command: string; readonly failed: string; readonly readOnly?: boolean },
  work: (open: OpenIndex) => Promise<T>,
): Promise<T> {
  const { datastore } = flags
  if (typeof datastore !== 'string') {
    throw wrong(
      `hilum ${what.command} needs --datastore, the id or the name of a data store. hilum datastores lists them.`,
    )
  }
  if (config.catalog === undefined && !(await isDataFolder(config.dataFolder))) {
    throw new OperatorError(`${config.dataFolder} is not a data folder of Hilum. Name the right one with --data.`)
  }
  const { limits } = config
  const places = placesOf({
    ...config,
    limits: { ...limits, catalogStatementTimeoutMs: limits.maintenanceStatementTimeoutMs },
  })
  try {
    const catalog = await openCatalog(places, { readOnly: what.readOnly === true })
    try {
      return await work({ catalog, places, datastoreId: pickDatastore(await activeDatastores(catalog), datastore) })
    } finally {
      await catalog.close()
    }
  } catch (cause) {
    const isExpected = [StoreUnavailable, OtherSchema, OtherIndexFormat].some((kind) => cause instanceof kind)
    throw isExpected ? new OperatorError(`${what.failed}: ${(cause as Error).message}.`, { cause }) : cause
  }
}

async function activeDatastores({ datastores }: Catalog) {
  const page = { status: 'ACTIVE', deletedSince: 0, limit: DATASTORES_PER_PAGE } as const
  const found = [...(await datastores.list({ ...page, after: undefined }))]
  for (;;) {
    const last = found.at(-1)
    if (last === undefined || found.length % DATASTORES_PER_PAGE !== 0) return found
    const more = await datastores.list({ ...page, after: last })
    if (more.length === 0) return found
    found.push(...more)
  }
}

/** @throws OperatorError with exit code 2 */
export function attributeIn({ flags }: Invocation, command: string): DeclarableAttribute {
  if (typeof flags.tag !== 'string') {
    throw wrong(`hilum ${command} needs --tag, the keyword or the tag of a DICOM attribute.`)
  }
  const attribute = attributeToDeclare(flags.tag)
  if (!('refused' in attribute)) return attribute
  const meant = tagOf(flags.tag) === undefined && !/\d/.test(flags.tag) ? nearest(flags.tag, keywords()) : undefined
  throw wrong(`${attribute.refused}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`)
}

const wrong = (message: string) => new OperatorError(message, { exitCode: 2 })
