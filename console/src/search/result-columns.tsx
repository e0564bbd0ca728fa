/** The columns of the search results. */
import type { ImageSetsMetadataSummary, SortField } from '@aws-sdk/client-medical-imaging'
import Badge from '@cloudscape-design/components/badge'
import Link from '@cloudscape-design/components/link'
import type { TableProps } from '@cloudscape-design/components/table'
import { CopyableText } from '../components/CopyableText.tsx'
import { formatLocalDate, formatPersonName } from '../format/dicom.ts'
import { formatTime } from '../format/time.ts'
import { hrefTo } from '../location.ts'
import { Thumbnail } from '../viewer/lazy-viewer.ts'

export type Row = ImageSetsMetadataSummary

type Column = TableProps.ColumnDefinition<Row>

export const columnsFor = (datastoreId: string): readonly Column[] => [
  {
    id: 'thumbnail',
    header: 'Thumbnail',
    minWidth: 110,
    cell: ({ imageSetId }) => <Thumbnail datastoreId={datastoreId} imageSetId={imageSetId!} />,
  },
  {
    id: 'DICOMStudyDateAndTime',
    header: 'Study date',
    sortingField: 'DICOMStudyDateAndTime' satisfies SortField,
    minWidth: 170,
    isRowHeader: true,
    cell: ({ imageSetId, DICOMTags }) => (
      <Link
        href={hrefTo(`datastores/${datastoreId}/image-sets/${imageSetId}`)}
        ariaLabel={`Image set ${imageSetId}, ${studyTime(DICOMTags)}`}
      >
        {studyTime(DICOMTags)}
      </Link>
    ),
  },
  {
    id: 'patient',
    header: 'Patient',
    minWidth: 180,
    cell: ({ DICOMTags }) => formatPersonName(DICOMTags?.DICOMPatientName ?? '') || '–',
  },
  text('patientId', 'Patient ID', 120, (tags) => tags.DICOMPatientId),
  text('modality', 'Modality', 115, (tags) => tags.DICOMSeriesModality),
  text('description', 'Study', 290, (tags) => tags.DICOMStudyDescription),
  text('bodyPart', 'Body part', 130, (tags) => tags.DICOMSeriesBodyPart),
  text('series', 'Series', 95, (tags) => tags.DICOMSeriesNumber?.toString()),
  text('instances', 'Instances', 120, (tags) => tags.DICOMNumberOfStudyRelatedInstances?.toString()),
  {
    id: 'primary',
    header: 'Primary',
    minWidth: 100,
    cell: ({ isPrimary }) => (isPrimary === false ? <Badge color="grey">No</Badge> : 'Yes'),
  },
  {
    id: 'updatedAt',
    header: 'Updated at',
    sortingField: 'updatedAt' satisfies SortField,
    minWidth: 190,
    cell: ({ updatedAt }) => formatTime(updatedAt),
  },
  {
    id: 'createdAt',
    header: 'Created at',
    sortingField: 'createdAt' satisfies SortField,
    minWidth: 190,
    cell: ({ createdAt }) => formatTime(createdAt),
  },
  text('accession', 'Accession number', 150, (tags) => tags.DICOMAccessionNumber),
  text('studyId', 'Study ID', 110, (tags) => tags.DICOMStudyId),
  {
    id: 'imageSetId',
    header: 'Image set ID',
    minWidth: 330,
    cell: ({ imageSetId }) => <CopyableText text={imageSetId} name="image set ID" />,
  },
  uid('seriesUid', 'Series Instance UID', (tags) => tags.DICOMSeriesInstanceUID),
  uid('studyUid', 'Study Instance UID', (tags) => tags.DICOMStudyInstanceUID),
]

type Tags = NonNullable<Row['DICOMTags']>

function text(id: string, header: string, minWidth: number, of: (tags: Tags) => string | undefined): Column {
  return { id, header, minWidth, cell: ({ DICOMTags = {} }) => of(DICOMTags) || '–' }
}

function uid(id: string, header: string, of: (tags: Tags) => string | undefined): Column {
  return {
    id,
    header,
    minWidth: 360,
    cell: ({ DICOMTags = {} }) => <CopyableText text={of(DICOMTags)} name={header} />,
  }
}

function studyTime(tags: Row['DICOMTags']): string {
  const { DICOMStudyDate: date, DICOMStudyTime: time } = tags ?? {}
  if (!date) return 'No study date'
  return formatLocalDate(date, time)
}
