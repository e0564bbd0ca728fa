/** The properties of a data store, fetched once for all pages. */
import { GetDatastoreCommand } from '@aws-sdk/client-medical-imaging'
import { useQuery } from '@tanstack/react-query'
import { useApi } from '../api.ts'

export function useDatastore(datastoreId: string) {
  const { client } = useApi()
  return useQuery({
    queryKey: ['datastore', datastoreId],
    queryFn: async () => (await client.send(new GetDatastoreCommand({ datastoreId }))).datastoreProperties!,
  })
}

/** The ID until the name is loaded, and for a data store without a name. */
export function useDatastoreName(datastoreId: string): string {
  const { data } = useDatastore(datastoreId)
  return data?.datastoreName ?? datastoreId
}
