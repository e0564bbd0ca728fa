/** Finds data stores by id or name. */
import {
  type DatastoreSummary,
  type MedicalImagingClient,
  paginateListDatastores,
} from '@aws-sdk/client-medical-imaging'
import { OperatorError } from '../../server/operator-error.ts'

type NamedDatastore = Pick<DatastoreSummary, 'datastoreId' | 'datastoreName'>

/** ACTIVE data stores, newest first. */
export async function activeDatastores(
  client: MedicalImagingClient,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<DatastoreSummary[]> {
  const found: DatastoreSummary[] = []
  const pages = paginateListDatastores(
    { client },
    { datastoreStatus: 'ACTIVE' },
    { ...(signal && { abortSignal: signal }) },
  )
  for await (const page of pages) found.push(...(page.datastoreSummaries ?? []))
  return found
}

/**
 * The id of the data store with this id or name; without one, of the only data store.
 * @throws OperatorError that lists the data stores
 */
export function pickDatastore(datastores: readonly NamedDatastore[], idOrName: string | undefined): string {
  if (datastores.length > 0 && idOrName === undefined) {
    if (datastores.length === 1) return datastores[0]!.datastoreId!
    const message = `The command needs --datastore, since there are several data stores: ${listed(datastores)}.`
    throw new OperatorError(message, { exitCode: 2 })
  }
  const byId = datastores.find(({ datastoreId }) => datastoreId === idOrName)
  const matches = byId === undefined ? datastores.filter(({ datastoreName }) => datastoreName === idOrName) : [byId]
  if (matches.length === 1) return matches[0]!.datastoreId!
  if (matches.length > 1) {
    throw new OperatorError(`${matches.length} data stores have the name '${idOrName}'. Use an id: ${listed(matches)}.`)
  }
  if (datastores.length === 0) {
    throw new OperatorError(
      'The server has no data store yet. Create one: aws medical-imaging create-datastore --datastore-name my-images',
    )
  }
  throw new OperatorError(`There is no data store '${idOrName}'. The data stores are: ${listed(datastores)}.`)
}

function listed(datastores: readonly NamedDatastore[]): string {
  const names = datastores
    .slice(0, 10)
    .map(({ datastoreName, datastoreId }) => `${datastoreName ?? '(no name)'} ${datastoreId}`)
  return `${names.join(', ')}${datastores.length > 10 ? ` and ${datastores.length - 10} more` : ''}`
}
