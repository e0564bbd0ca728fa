/** Names what a selection consists of: patients, studies, and how much of each. */
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Spinner from '@cloudscape-design/components/spinner'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { formatCount, formatNumber } from '../format/size.ts'
import type { Contents } from './selection.ts'
import type { ReadContents } from './use-contents.ts'

const NAMES_SHOWN = 5

export function ContentsSummary({ contents, readCount, error }: ReadContents) {
  if (error !== undefined) return <ErrorAlert error={error} action="read the selection" />
  if (contents === undefined) {
    return (
      <SpaceBetween direction="horizontal" size="xs">
        <Spinner />
        <span>Reading the selection: {formatCount(readCount, 'image set')} so far</span>
      </SpaceBetween>
    )
  }
  return <Counts contents={contents} />
}

function Counts({ contents }: { contents: Contents }) {
  const { patients, studyUIDs, seriesCount, imageSetIds, instanceCount, otherCount } = contents
  const rest = patients.length - NAMES_SHOWN
  return (
    <SpaceBetween size="s">
      <KeyValuePairs
        items={[
          {
            label: patients.length === 1 ? 'Patient' : `Patients (${formatNumber(patients.length)})`,
            value: (
              <>
                {patients.slice(0, NAMES_SHOWN).map((patient) => (
                  <div key={patient}>{patient}</div>
                ))}
                {rest > 0 && <div>and {formatCount(rest, 'other')}</div>}
              </>
            ),
          },
        ]}
      />
      <KeyValuePairs
        columns={4}
        items={[
          { label: 'Studies', value: formatNumber(studyUIDs.length) },
          { label: 'Series', value: formatNumber(seriesCount) },
          {
            label: 'Image sets',
            value:
              formatNumber(imageSetIds.length) +
              (otherCount > 0 ? `, ${formatNumber(otherCount)} of them not primary` : ''),
          },
          { label: 'Instances', value: formatNumber(instanceCount) },
        ]}
      />
    </SpaceBetween>
  )
}
