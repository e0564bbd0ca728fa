/** A study: its series in one or several panes, and the other studies of the patient. */
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useEffect } from 'react'
import { PageLayout } from '../components/PageLayout.tsx'
import { hrefTo } from '../location.ts'
import { StudyView } from '../study-view/StudyView.tsx'
import { preloadViewer } from '../viewer/lazy-viewer.ts'
import { useDatastoreName } from './use-datastore.ts'

export function StudyPage({ datastoreId, studyInstanceUID }: { datastoreId: string; studyInstanceUID: string }) {
  const name = useDatastoreName(datastoreId)
  const store = `datastores/${datastoreId}`
  useEffect(() => {
    // The view reports the error.
    preloadViewer().catch(() => {})
  }, [])
  return (
    <PageLayout
      title="Study"
      contentType="table"
      breadcrumbs={[
        { text: name, href: hrefTo(store) },
        { text: 'Study', href: hrefTo(`${store}/studies/${studyInstanceUID}`) },
      ]}
    >
      <SpaceBetween size="s">
        <Header variant="h1">Study</Header>
        <StudyView datastoreId={datastoreId} study={studyInstanceUID} />
      </SpaceBetween>
    </PageLayout>
  )
}
