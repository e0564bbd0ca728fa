/** Data store details, with the tabs Image sets (selected by default), Studies, Imports and Details. */
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Tabs from '@cloudscape-design/components/tabs'
import { lazy, type ReactNode, Suspense } from 'react'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { Loading } from '../components/Loading.tsx'
import { lazyComponent } from '../components/lazy-component.tsx'
import { PageLayout } from '../components/PageLayout.tsx'
import { hrefTo, navigate, useLocation } from '../location.ts'
import { openStudyOf, withOpenStudy } from '../studies/study-search.ts'
import { ImageSetsTab } from './datastore/ImageSetsTab.tsx'
import { NotFoundPage } from './NotFoundPage.tsx'
import { useDatastore } from './use-datastore.ts'

const StudiesTab = lazy(async () => ({ default: (await import('./datastore/StudiesTab.tsx')).StudiesTab }))
const StudyPanel = lazyComponent(async () => (await import('../studies/StudyPanel.tsx')).StudyPanel, { what: 'series' })
const ImportsTab = lazy(async () => ({ default: (await import('./datastore/ImportsTab.tsx')).ImportsTab }))
const DetailsTab = lazy(async () => ({ default: (await import('./datastore/DetailsTab.tsx')).DetailsTab }))

type TabId = 'image-sets' | 'studies' | 'imports' | 'details'

const LABELS: Readonly<Record<TabId, string>> = {
  'image-sets': 'Image sets',
  studies: 'Studies',
  imports: 'Imports',
  details: 'Details',
}

const tabHref = (datastoreId: string, tab: string) =>
  hrefTo(tab === 'image-sets' ? `datastores/${datastoreId}` : `datastores/${datastoreId}/${tab}`)

export function DatastorePage({ datastoreId, tab = 'image-sets' }: { datastoreId: string; tab?: string }) {
  const { data, error, refetch } = useDatastore(datastoreId)
  const { path, fragment, state } = useLocation()
  const name = data?.datastoreName ?? datastoreId
  if (!Object.hasOwn(LABELS, tab)) return <NotFoundPage />
  const named = { datastoreId, datastoreArn: data?.datastoreArn }
  const contents: Record<TabId, () => ReactNode> = {
    'image-sets': () => <ImageSetsTab {...named} />,
    studies: () => <StudiesTab {...named} />,
    imports: () => <ImportsTab datastoreId={datastoreId} />,
    details: () => (data === undefined ? <Loading what="details" /> : <DetailsTab datastore={data} />),
  }
  const study = tab === 'studies' ? openStudyOf(fragment) : undefined
  const closeStudy = () => navigate(hrefTo(path, withOpenStudy(fragment, undefined)), { state, replace: true })
  return (
    <PageLayout
      title={name}
      contentType="table"
      {...(study !== undefined && {
        splitPanel: <StudyPanel datastoreId={datastoreId} study={study} />,
        onCloseSplitPanel: closeStudy,
      })}
      breadcrumbs={[{ text: name, href: hrefTo(`datastores/${datastoreId}`) }]}
    >
      <SpaceBetween size="m">
        <Header variant="h1">{name}</Header>
        {error && (
          <ErrorAlert error={error} resource={{ type: 'data store', id: datastoreId }} onRetry={() => refetch()} />
        )}
        {(data !== undefined || error === null) && (
          <Tabs
            ariaLabel="Data store details"
            activeTabId={tab}
            onChange={({ detail }) => navigate(tabHref(datastoreId, detail.activeTabId))}
            tabs={(Object.keys(LABELS) as TabId[]).map((id) => ({
              id,
              label: LABELS[id],
              content: id === tab && <Suspense fallback={<Loading what="tab" />}>{contents[id]()}</Suspense>,
            }))}
          />
        )}
      </SpaceBetween>
    </PageLayout>
  )
}
