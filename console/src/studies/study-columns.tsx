/** The columns of the list of studies. */
import Link from '@cloudscape-design/components/link'
import { CopyableText } from '../components/CopyableText.tsx'
import { formatIsoDate, formatLocalDate, formatPersonName } from '../format/dicom.ts'
import { formatNumber } from '../format/size.ts'
import type { TextColumn } from '../tables/csv.ts'
import type { TableDefaults } from '../tables/table-settings.ts'
import type { Study } from './fetch-studies.ts'
import type { StudyOrder } from './study-search.ts'

type Column = TextColumn<Study>

interface Opening {
  hrefOf(study: string): string
  open(study: string): void
}

export const studyColumns = ({ hrefOf, open }: Opening): readonly Column[] => [
  {
    id: 'patient',
    header: 'Patient',
    sortingField: 'PatientName' satisfies StudyOrder,
    minWidth: 110,
    width: 190,
    isRowHeader: true,
    textOf: ({ patientName }) => formatPersonName(patientName),
    cell: ({ studyInstanceUID, patientName }) => (
      <Link
        href={hrefOf(studyInstanceUID)}
        onFollow={(event) => {
          const { ctrlKey, metaKey, shiftKey, altKey } = event.detail as Partial<MouseEvent>
          if (ctrlKey || metaKey || shiftKey || altKey) return
          event.preventDefault()
          open(studyInstanceUID)
        }}
      >
        {formatPersonName(patientName) || 'No name'}
      </Link>
    ),
  },
  text('patientId', 'ID', 125, ({ patientID }) => patientID, 'PatientID'),
  {
    ...text('birthDate', 'Birth date', 130, (study) => formatLocalDate(study.patientBirthDate), 'PatientBirthDate'),
    textOf: ({ patientBirthDate }) => formatIsoDate(patientBirthDate),
  },
  {
    ...text('studyDate', 'Date', 205, (study) => formatLocalDate(study.studyDate, study.studyTime), 'StudyDate'),
    textOf: ({ studyDate, studyTime }) => formatIsoDate(studyDate, studyTime),
  },
  text('modalities', 'Modalities', 140, ({ modalities }) => modalities.join(', '), 'ModalitiesInStudy'),
  text('description', 'Description', 220, ({ description }) => description, 'StudyDescription'),
  {
    ...text('series', 'Series', 90, ({ seriesCount }) => formatNumber(seriesCount)),
    textOf: ({ seriesCount }) => String(seriesCount),
  },
  {
    ...text('instances', 'Instances', 115, ({ instanceCount }) => formatNumber(instanceCount)),
    textOf: ({ instanceCount }) => String(instanceCount),
  },
  text('accession', 'Accession', 140, ({ accessionNumber }) => accessionNumber, 'AccessionNumber'),
  {
    id: 'studyUid',
    header: 'Study Instance UID',
    minWidth: 200,
    width: 380,
    textOf: ({ studyInstanceUID }) => studyInstanceUID,
    cell: ({ studyInstanceUID }) => <CopyableText text={studyInstanceUID} name="Study Instance UID" />,
  },
]

function text(id: string, header: string, width: number, of: (study: Study) => string, order?: StudyOrder): Column {
  const sorting = order === undefined ? {} : { sortingField: order }
  return { id, header, width, minWidth: 80, ...sorting, textOf: of, cell: (study) => of(study) || '–' }
}

export const STUDY_TABLE: TableDefaults = {
  table: 'studies',
  columns: [
    'patient',
    'patientId',
    'birthDate',
    'studyDate',
    'modalities',
    'description',
    'series',
    'instances',
    'accession',
    'studyUid',
  ].map((id) => ({ id, visible: id !== 'studyUid' })),
  pageSizes: [20, 50, 100, 200],
  pageSize: 50,
}
