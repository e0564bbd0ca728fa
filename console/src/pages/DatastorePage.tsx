/** Data store details: its image sets first, then its import jobs and what is said of it. */
import { GetDatastoreCommand } from '@aws-sdk/client-medical-imaging'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Tabs from '@cloudscape-design/components/tabs'
import { useQuery } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense } from 'react'
import { useApi } from '../api.ts'
import { Frame } from '../components/Frame.tsx'
import { Problem } from '../components/Problem.tsx'
import { Waiting } from '../components/Waiting.tsx'
import { addressOf, go } from '../place.ts'
import { ImageSetsTab } from './datastore/ImageSetsTab.tsx'
import { NotFoundPage } from './NotFoundPage.tsx'

const ImportsTab = lazy(async () => ({ default: (await import('./datastore/ImportsTab.tsx')).ImportsTab }))
const DetailsTab = lazy(async () => ({ default: (await import('./datastore/DetailsTab.tsx')).DetailsTab }))

function useDatastore(datastoreId: string) {
  const { client } = useApi()
  return useQuery({
    queryKey: ['datastore', datastoreId],
    queryFn: async () => (await client.send(new GetDatastoreCommand({ datastoreId }))).datastoreProperties!,
  })
}

/** What a data store is called, also before it is known. */
export function useDatastoreName(datastoreId: string): string {
  const { data } = useDatastore(datastoreId)
  return data?.datastoreName ?? datastoreId
}

type TabId = 'image-sets' | 'imports' | 'details'

const LABELS: Readonly<Record<TabId, string>> = { 'image-sets': 'Image sets', imports: 'Imports', details: 'Details' }

const tabAddress = (datastoreId: string, tab: string) =>
  addressOf(tab === 'image-sets' ? `datastores/${datastoreId}` : `datastores/${datastoreId}/${tab}`)

export function DatastorePage({ datastoreId, tab = 'image-sets' }: { datastoreId: string; tab?: string }) {
  const { data, error, refetch } = useDatastore(datastoreId)
  const name = data?.datastoreName ?? datastoreId
  if (!Object.hasOwn(LABELS, tab)) return <NotFoundPage />
  const contents: Record<TabId, () => ReactNode> = {
    'image-sets': () => <ImageSetsTab datastoreId={datastoreId} />,
    imports: () => <ImportsTab datastoreId={datastoreId} />,
    details: () => data && <DetailsTab datastore={data} />,
  }
  return (
    <Frame title={name} contentType="table" way={[{ text: name, href: addressOf(`datastores/${datastoreId}`) }]}>
      <SpaceBetween size="m">
        <Header variant="h1">{name}</Header>
        {error && <Problem error={error} again={() => refetch()} />}
        {(data !== undefined || error === null) && (
          <Tabs
            ariaLabel="Data store details"
            activeTabId={tab}
            onChange={({ detail }) => go(tabAddress(datastoreId, detail.activeTabId))}
            tabs={(Object.keys(LABELS) as TabId[]).map((id) => ({
              id,
              label: LABELS[id],
              content: id === tab && <Suspense fallback={<Waiting what="the tab" />}>{contents[id]()}</Suspense>,
            }))}
          />
        )}
      </SpaceBetween>
    </Frame>
  )
}
