/** The properties of a version of an image set, and of its series. */
import type { GetImageSetCommandOutput } from '@aws-sdk/client-medical-imaging'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs, { type KeyValuePairsProps } from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { CopyableText, ID_PIXELS } from '../../components/CopyableText.tsx'
import { Status } from '../../components/Status.tsx'
import { formatLocalDate, formatPersonName } from '../../format/dicom.ts'
import { formatNumber } from '../../format/size.ts'
import { formatTime } from '../../format/time.ts'
import type { MetadataDocument } from '../../metadata/document.ts'

const TIERS: Readonly<Record<string, string>> = {
  FREQUENT_ACCESS: 'Frequent access',
  ARCHIVE_INSTANT_ACCESS: 'Archive instant access',
}

export function Properties(props: { properties: GetImageSetCommandOutput; document: MetadataDocument | undefined }) {
  const { properties, document } = props
  return (
    <Container header={<Header variant="h2">Properties</Header>}>
      <SpaceBetween size="l">
        {document && <KeyValuePairs columns={4} items={seriesItems(document)} />}
        <KeyValuePairs columns={4} items={versionItems(properties)} />
        <KeyValuePairs columns={3} minColumnWidth={ID_PIXELS} items={idItems(properties, document)} />
      </SpaceBetween>
    </Container>
  )
}

function versionItems(properties: GetImageSetCommandOutput): KeyValuePairsProps.Pair[] {
  return [
    { label: 'State', value: <Status status={properties.imageSetState} /> },
    { label: 'Workflow status', value: <Status status={properties.imageSetWorkflowStatus} /> },
    { label: 'Primary', value: properties.isPrimary === undefined ? '–' : properties.isPrimary ? 'Yes' : 'No' },
    { label: 'Storage tier', value: TIERS[properties.storageTier ?? ''] ?? '–' },
    { label: 'Created at', value: formatTime(properties.createdAt) },
    { label: 'Updated at', value: formatTime(properties.updatedAt) },
    { label: 'Last accessed at', value: formatTime(properties.lastAccessedAt) },
    { label: 'Message', value: properties.message ?? '–' },
  ]
}

function seriesItems({ Patient, Study }: MetadataDocument): KeyValuePairsProps.Pair[] {
  const [series] = Object.values(Study.Series)
  const { StudyDate, StudyTime, StudyDescription } = Study.DICOM
  const instances = series === undefined ? 0 : Object.keys(series.Instances).length
  return [
    { label: 'Patient', value: formatPersonName(text(Patient.DICOM.PatientName)) || '–' },
    { label: 'Patient ID', value: text(Patient.DICOM.PatientID) || '–' },
    { label: 'Study', value: text(StudyDescription) || '–' },
    {
      label: 'Study date',
      value: formatLocalDate(text(StudyDate), text(StudyTime)) || '–',
    },
    { label: 'Modality', value: text(series?.DICOM.Modality) || '–' },
    { label: 'Series', value: text(series?.DICOM.SeriesDescription) || text(series?.DICOM.SeriesNumber) || '–' },
    { label: 'Instances', value: formatNumber(instances) },
  ]
}

function idItems(
  properties: GetImageSetCommandOutput,
  document: MetadataDocument | undefined,
): KeyValuePairsProps.Pair[] {
  const [series] = Object.values(document?.Study.Series ?? {})
  const uid = text(series?.DICOM.SeriesInstanceUID)
  return [
    { label: 'Image set ID', value: <CopyableText text={properties.imageSetId} name="image set ID" /> },
    { label: 'Series Instance UID', value: <CopyableText text={uid} name="Series Instance UID" /> },
    { label: 'ARN', value: <CopyableText text={properties.imageSetArn} name="ARN" /> },
  ]
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
