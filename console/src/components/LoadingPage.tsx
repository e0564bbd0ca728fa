/** In place of a page until it is loaded: its heading, in the layout that it will have. */
import Header from '@cloudscape-design/components/header'
import { Loading } from './Loading.tsx'
import { PageLayout } from './PageLayout.tsx'

export function LoadingPage({ title }: { title: string }) {
  return (
    <PageLayout title={title} breadcrumbs={[{ text: title, href: '' }]}>
      <Header variant="h1">{title}</Header>
      <Loading what="page" />
    </PageLayout>
  )
}
