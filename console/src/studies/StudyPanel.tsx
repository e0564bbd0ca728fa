/** The series of the study that is open in the list, each with a thumbnail and the image sets that hold it. */
import './studies.css'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Link from '@cloudscape-design/components/link'
import SpaceBetween from '@cloudscape-design/components/space-between'
import SplitPanel from '@cloudscape-design/components/split-panel'
import { useQuery } from '@tanstack/react-query'
import { useApi } from '../api.ts'
import { EmptyState } from '../components/EmptyState.tsx'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { Loading } from '../components/Loading.tsx'
import { DownloadMenu } from '../download/DownloadMenu.tsx'
import { formatLocalDate, formatPersonName } from '../format/dicom.ts'
import { formatCount } from '../format/size.ts'
import { hrefTo } from '../location.ts'
import { Thumbnail } from '../viewer/lazy-viewer.ts'
import { fetchSeries, fetchStudies, type Series } from './fetch-studies.ts'
import { omittedOf } from './omitted-series.ts'

export function StudyPanel({ datastoreId, study }: { datastoreId: string; study: string }) {
  const api = useApi()
  const series = useQuery({
    queryKey: ['series', datastoreId, study],
    queryFn: () => fetchSeries(api, { datastoreId, study }),
  })
  const { data: found } = useQuery({
    queryKey: ['study', datastoreId, study],
    queryFn: async ({ signal }) =>
      (await fetchStudies(api, { datastoreId, query: { StudyInstanceUID: study, limit: '1' }, signal })).studies,
  })
  const [shown] = found ?? []
  const header = shown
    ? [
        formatPersonName(shown.patientName) || 'No name',
        formatLocalDate(shown.studyDate, shown.studyTime),
        shown.description,
      ]
    : ['Study']
  return (
    <SplitPanel
      header={header.filter(Boolean).join(' · ')}
      headerActions={<Button href={hrefTo(`datastores/${datastoreId}/studies/${study}`)}>Open study</Button>}
      closeBehavior="hide"
      ariaLabel="Series of the study"
    >
      {series.error && <ErrorAlert error={series.error} action="load the series" onRetry={() => series.refetch()} />}
      {series.isPending && <Loading what="series" />}
      {series.data?.series.length === 0 && (
        <EmptyState title="No series" description="The data store has no image set of this study." />
      )}
      <SpaceBetween size="m">
        <div className="series-and-download">
          <ul className="series-cards" aria-label="Series">
            {series.data?.series.map((each) => (
              <SeriesCard key={each.seriesInstanceUID} datastoreId={datastoreId} series={each} />
            ))}
          </ul>
          {(series.data?.series.length ?? 0) > 0 && (
            <DownloadMenu datastoreId={datastoreId} choices={[{ items: [{ studyInstanceUID: study }] }]} />
          )}
        </div>
        {series.data !== undefined && omittedOf(series.data) !== '' && (
          <Box color="text-body-secondary">{omittedOf(series.data)} Open the study to list more.</Box>
        )}
      </SpaceBetween>
    </SplitPanel>
  )
}

function SeriesCard({ datastoreId, series }: { datastoreId: string; series: Series }) {
  const { modality, number, description, instanceCount, imageSets } = series
  const shown = imageSets.find(({ isPrimary }) => isPrimary !== false) ?? imageSets[0]
  const name = [modality, number && `Series ${number}`].filter(Boolean).join(', ') || 'Series'
  const hrefOf = (imageSetId: string | undefined) => hrefTo(`datastores/${datastoreId}/image-sets/${imageSetId}`)
  return (
    <li className="series-card">
      {shown && (
        <a href={hrefOf(shown.imageSetId)} aria-label={`Images of ${name} ${description}`.trim()}>
          <Thumbnail datastoreId={datastoreId} imageSetId={shown.imageSetId!} />
        </a>
      )}
      <div>
        <Box variant="strong">{name}</Box>
        {description !== '' && <div>{description}</div>}
        {instanceCount !== undefined && <Box color="text-body-secondary">{formatCount(instanceCount, 'instance')}</Box>}
        {imageSets.map(({ imageSetId, isPrimary }, at) => (
          <div key={imageSetId}>
            <Link href={hrefOf(imageSetId)} ariaLabel={`Open image set ${imageSetId}, ${name} ${description}`.trim()}>
              {imageSets.length === 1 ? 'Open image set' : `Open image set ${at + 1}`}
            </Link>
            {isPrimary === false && ' (not primary)'}
          </div>
        ))}
      </div>
    </li>
  )
}
