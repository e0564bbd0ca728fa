/** What is said of a version of an image set, and of the series in it. */
import type { GetImageSetCommandOutput } from '@aws-sdk/client-medical-imaging'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs, { type KeyValuePairsProps } from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { CopyText } from '../../components/CopyText.tsx'
import { Status } from '../../components/Status.tsx'
import { timeText } from '../../components/times.ts'
import { clockText, dateText, personText } from '../../dicom-text.ts'
import type { MetadataDocument } from '../../metadata/document.ts'

const TIERS: Readonly<Record<string, string>> = {
  FREQUENT_ACCESS: 'Frequent access',
  ARCHIVE_INSTANT_ACCESS: 'Archive instant access',
}

export function Properties({ of, document }: { of: GetImageSetCommandOutput; document: MetadataDocument | undefined }) {
  return (
    <Container header={<Header variant="h2">Properties</Header>}>
      <SpaceBetween size="l">
        {document && <KeyValuePairs columns={4} items={seriesItems(document)} />}
        <KeyValuePairs columns={4} items={versionItems(of)} />
        <KeyValuePairs columns={3} items={idItems(of, document)} />
      </SpaceBetween>
    </Container>
  )
}

function versionItems(of: GetImageSetCommandOutput): KeyValuePairsProps.Pair[] {
  return [
    { label: 'State', value: <Status of={of.imageSetState} /> },
    { label: 'Workflow status', value: <Status of={of.imageSetWorkflowStatus} /> },
    { label: 'Primary', value: of.isPrimary === undefined ? '–' : of.isPrimary ? 'Yes' : 'No' },
    { label: 'Storage tier', value: TIERS[of.storageTier ?? ''] ?? '–' },
    { label: 'Created at', value: timeText(of.createdAt) },
    { label: 'Updated at', value: timeText(of.updatedAt) },
    { label: 'Last accessed at', value: timeText(of.lastAccessedAt) },
    { label: 'Message', value: of.message ?? '–' },
  ]
}

function seriesItems({ Patient, Study }: MetadataDocument): KeyValuePairsProps.Pair[] {
  const [series] = Object.values(Study.Series)
  const { StudyDate, StudyTime, StudyDescription } = Study.DICOM
  const instances = series === undefined ? 0 : Object.keys(series.Instances).length
  return [
    { label: 'Patient', value: personText(text(Patient.DICOM.PatientName)) || '–' },
    { label: 'Patient ID', value: text(Patient.DICOM.PatientID) || '–' },
    { label: 'Study', value: text(StudyDescription) || '–' },
    {
      label: 'Study date',
      value: [dateText(text(StudyDate)), clockText(text(StudyTime))].filter(Boolean).join(' ') || '–',
    },
    { label: 'Modality', value: text(series?.DICOM.Modality) || '–' },
    { label: 'Series', value: text(series?.DICOM.SeriesDescription) || text(series?.DICOM.SeriesNumber) || '–' },
    { label: 'Instances', value: instances.toLocaleString('en-US') },
  ]
}

function idItems(of: GetImageSetCommandOutput, document: MetadataDocument | undefined): KeyValuePairsProps.Pair[] {
  const [series] = Object.values(document?.Study.Series ?? {})
  const uid = text(series?.DICOM.SeriesInstanceUID)
  return [
    { label: 'Image set ID', value: <CopyText text={of.imageSetId} what="the image set ID" /> },
    { label: 'Series Instance UID', value: <CopyText text={uid} what="the Series Instance UID" /> },
    { label: 'ARN', value: <CopyText text={of.imageSetArn} what="the ARN" /> },
  ]
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
