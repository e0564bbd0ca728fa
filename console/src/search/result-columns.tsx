/** The columns of the search results. */
import type { ImageSetsMetadataSummary, SortField } from '@aws-sdk/client-medical-imaging'
import Badge from '@cloudscape-design/components/badge'
import Link from '@cloudscape-design/components/link'
import { CopyableText } from '../components/CopyableText.tsx'
import { formatIsoDate, formatLocalDate, formatPersonName } from '../format/dicom.ts'
import { formatMinute } from '../format/time.ts'
import { hrefTo } from '../location.ts'
import type { TextColumn } from '../tables/csv.ts'
import type { TableDefaults } from '../tables/table-settings.ts'
import { Thumbnail } from '../viewer/lazy-viewer.ts'

export type Row = ImageSetsMetadataSummary

type Column = TextColumn<Row>

const SMALLEST = 80

export const columnsFor = (datastoreId: string): readonly Column[] => [
  {
    id: 'thumbnail',
    header: 'Image',
    minWidth: 90,
    width: 90,
    cell: ({ imageSetId }) => <Thumbnail datastoreId={datastoreId} imageSetId={imageSetId!} />,
  },
  {
    id: 'DICOMStudyDateAndTime',
    header: 'Study date',
    sortingField: 'DICOMStudyDateAndTime' satisfies SortField,
    minWidth: SMALLEST,
    width: 205,
    isRowHeader: true,
    textOf: ({ DICOMTags: { DICOMStudyDate, DICOMStudyTime } = {} }) => formatIsoDate(DICOMStudyDate, DICOMStudyTime),
    cell: ({ imageSetId, DICOMTags }) => (
      <Link
        href={hrefTo(`datastores/${datastoreId}/image-sets/${imageSetId}`)}
        ariaLabel={`Image set ${imageSetId}, ${studyTime(DICOMTags)}`}
      >
        {studyTime(DICOMTags)}
      </Link>
    ),
  },
  text('patientId', 'Patient ID', 125, (tags) => tags.DICOMPatientId),
  {
    id: 'patient',
    header: 'Patient',
    minWidth: SMALLEST,
    width: 150,
    textOf: ({ DICOMTags }) => formatPersonName(DICOMTags?.DICOMPatientName ?? ''),
    cell: ({ DICOMTags }) => formatPersonName(DICOMTags?.DICOMPatientName ?? '') || '–',
  },
  text('modality', 'Modality', 108, (tags) => tags.DICOMSeriesModality),
  // What can be sorted by is in view at 1280 pixels, beside the thumbnail and the link.
  {
    id: 'updatedAt',
    header: 'Updated at',
    sortingField: 'updatedAt' satisfies SortField,
    minWidth: SMALLEST,
    width: 247,
    textOf: ({ updatedAt }) => updatedAt?.toISOString() ?? '',
    cell: ({ updatedAt }) => formatMinute(updatedAt),
  },
  {
    id: 'createdAt',
    header: 'Created at',
    sortingField: 'createdAt' satisfies SortField,
    minWidth: SMALLEST,
    width: 247,
    textOf: ({ createdAt }) => createdAt?.toISOString() ?? '',
    cell: ({ createdAt }) => formatMinute(createdAt),
  },
  text('description', 'Study', 290, (tags) => tags.DICOMStudyDescription),
  text('bodyPart', 'Body part', 130, (tags) => tags.DICOMSeriesBodyPart),
  text('series', 'Series', 95, (tags) => tags.DICOMSeriesNumber?.toString()),
  text('instances', 'Instances', 120, (tags) => tags.DICOMNumberOfStudyRelatedInstances?.toString()),
  {
    id: 'primary',
    header: 'Primary',
    minWidth: SMALLEST,
    width: 100,
    textOf: ({ isPrimary }) => (isPrimary === false ? 'No' : 'Yes'),
    cell: ({ isPrimary }) => (isPrimary === false ? <Badge color="grey">No</Badge> : 'Yes'),
  },
  text('accession', 'Accession number', 150, (tags) => tags.DICOMAccessionNumber),
  text('studyId', 'Study ID', 110, (tags) => tags.DICOMStudyId),
  {
    id: 'imageSetId',
    header: 'Image set ID',
    minWidth: SMALLEST,
    width: 330,
    textOf: ({ imageSetId = '' }) => imageSetId,
    cell: ({ imageSetId }) => <CopyableText text={imageSetId} name="image set ID" />,
  },
  uid('seriesUid', 'Series Instance UID', (tags) => tags.DICOMSeriesInstanceUID),
  uid('studyUid', 'Study Instance UID', (tags) => tags.DICOMStudyInstanceUID),
]

/** A page of SearchImageSets has at most 50. */
export const IMAGE_SET_TABLE: TableDefaults = {
  table: 'image-sets',
  columns: columnsFor('').map(({ id }) => ({ id: id!, visible: true })),
  pageSizes: [10, 20, 50],
  pageSize: 50,
}

type Tags = NonNullable<Row['DICOMTags']>

function text(id: string, header: string, width: number, of: (tags: Tags) => string | undefined): Column {
  const textOf = ({ DICOMTags = {} }: Row) => of(DICOMTags) ?? ''
  return { id, header, minWidth: SMALLEST, width, textOf, cell: (row) => textOf(row) || '–' }
}

function uid(id: string, header: string, of: (tags: Tags) => string | undefined): Column {
  return {
    id,
    header,
    minWidth: SMALLEST,
    width: 360,
    textOf: ({ DICOMTags = {} }) => of(DICOMTags) ?? '',
    cell: ({ DICOMTags = {} }) => <CopyableText text={of(DICOMTags)} name={header} />,
  }
}

function studyTime(tags: Row['DICOMTags']): string {
  const { DICOMStudyDate: date, DICOMStudyTime: time } = tags ?? {}
  if (!date) return 'No study date'
  return formatLocalDate(date, time)
}
