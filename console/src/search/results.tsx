/** The columns of found image sets, and which of them can be sorted by. */
import type { ImageSetsMetadataSummary, SortField } from '@aws-sdk/client-medical-imaging'
import Badge from '@cloudscape-design/components/badge'
import Link from '@cloudscape-design/components/link'
import type { TableProps } from '@cloudscape-design/components/table'
import { CopyText } from '../components/CopyText.tsx'
import { timeText } from '../components/times.ts'
import { clockText, dateText, personText } from '../dicom-text.ts'
import { addressOf } from '../place.ts'
import { Thumbnail } from '../viewer/pictures.ts'

export type Row = ImageSetsMetadataSummary

type Column = TableProps.ColumnDefinition<Row>

export const columnsFor = (datastoreId: string): readonly Column[] => [
  {
    id: 'thumbnail',
    header: 'Picture',
    minWidth: 90,
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
        href={addressOf(`datastores/${datastoreId}/image-sets/${imageSetId}`)}
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
    cell: ({ DICOMTags }) => personText(DICOMTags?.DICOMPatientName ?? '') || '–',
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
    cell: ({ updatedAt }) => timeText(updatedAt),
  },
  {
    id: 'createdAt',
    header: 'Created at',
    sortingField: 'createdAt' satisfies SortField,
    minWidth: 190,
    cell: ({ createdAt }) => timeText(createdAt),
  },
  text('accession', 'Accession number', 150, (tags) => tags.DICOMAccessionNumber),
  text('studyId', 'Study ID', 110, (tags) => tags.DICOMStudyId),
  {
    id: 'imageSetId',
    header: 'Image set ID',
    minWidth: 330,
    cell: ({ imageSetId }) => <CopyText text={imageSetId} what="the image set ID" />,
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
    cell: ({ DICOMTags = {} }) => <CopyText text={of(DICOMTags)} what={`the ${header}`} />,
  }
}

function studyTime(tags: Row['DICOMTags']): string {
  const { DICOMStudyDate: date, DICOMStudyTime: time } = tags ?? {}
  if (!date) return 'No study date'
  return time ? `${dateText(date)} ${clockText(time)}` : dateText(date)
}
