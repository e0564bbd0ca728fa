/** Data store details: its image sets first, then its import jobs and what is said of it. */
import { GetDatastoreCommand } from '@aws-sdk/client-medical-imaging'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Tabs from '@cloudscape-design/components/tabs'
import { useQuery } from '@tanstack/react-query'
import { useApi } from '../api.ts'
import { Frame } from '../components/Frame.tsx'
import { Problem } from '../components/Problem.tsx'
import { addressOf } from '../place.ts'
import { ImageSetsTab } from './datastore/ImageSetsTab.tsx'

export function useDatastore(datastoreId: string) {
  const { client } = useApi()
  return useQuery({
    queryKey: ['datastore', datastoreId],
    queryFn: async () => (await client.send(new GetDatastoreCommand({ datastoreId }))).datastoreProperties!,
  })
}

export function DatastorePage({ datastoreId }: { datastoreId: string }) {
  const { data, error, refetch } = useDatastore(datastoreId)
  const name = data?.datastoreName ?? (data ? 'Without a name' : datastoreId)
  return (
    <Frame title={name} way={[{ text: name, href: addressOf(`datastores/${datastoreId}`) }]}>
      <SpaceBetween size="m">
        <Header variant="h1">{name}</Header>
        {error && <Problem error={error} again={() => refetch()} />}
        <Tabs
          ariaLabel="Data store details"
          tabs={[{ id: 'image-sets', label: 'Image sets', content: <ImageSetsTab datastoreId={datastoreId} /> }]}
        />
      </SpaceBetween>
    </Frame>
  )
}
