/** Shown for an unknown path. */
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import { EmptyState } from '../components/EmptyState.tsx'
import { PageLayout } from '../components/PageLayout.tsx'
import { hrefTo } from '../location.ts'

export function NotFoundPage() {
  return (
    <PageLayout title="Page not found">
      <Header variant="h1">Page not found</Header>
      <EmptyState
        title="The console has no page at this URL"
        description="Check the URL, or start from the list of data stores."
        action={<Button href={hrefTo('')}>View data stores</Button>}
      />
    </PageLayout>
  )
}
