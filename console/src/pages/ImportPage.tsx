/** Import DICOM data: from this computer or from an S3 location. */
import { PageLayout } from '../components/PageLayout.tsx'
import { ImportForm } from '../import/ImportForm.tsx'
import { hrefTo } from '../location.ts'
import { useDatastoreName } from './use-datastore.ts'

export function ImportPage({ datastoreId }: { datastoreId: string }) {
  const name = useDatastoreName(datastoreId)
  const datastoreHref = hrefTo(`datastores/${datastoreId}`)
  return (
    <PageLayout
      title="Import DICOM data"
      contentType="form"
      breadcrumbs={[
        { text: name, href: datastoreHref },
        { text: 'Import DICOM data', href: `${datastoreHref}/import` },
      ]}
    >
      <ImportForm datastoreId={datastoreId} datastoreName={name} cancelHref={datastoreHref} />
    </PageLayout>
  )
}
