/** The differences between the metadata of two versions. */
import './metadata.css'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useApi } from '../api.ts'
import { EmptyState } from '../components/EmptyState.tsx'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { formatNumber } from '../format/size.ts'
import { compareVersions, type Difference } from './compare-versions.ts'
import { documentQuery, type ImageSetVersion } from './document.ts'

/** Browsers render tables of thousands of rows slowly. */
const SHOWN_MAX = 500

const cell = (text: string | undefined, absent: string) =>
  text === undefined ? (
    <i>{absent}</i>
  ) : (
    <span className="dicom-value">{text === '' ? '(empty)' : text.slice(0, 400)}</span>
  )

const COLUMNS: readonly TableProps.ColumnDefinition<Difference>[] = [
  { id: 'location', header: 'Location', cell: ({ location }) => location, minWidth: 160 },
  {
    id: 'keyword',
    header: 'Keyword',
    cell: ({ keyword }) => keyword || 'Whole instance',
    isRowHeader: true,
    minWidth: 200,
  },
  { id: 'before', header: 'Before', cell: ({ before }) => cell(before, 'absent'), minWidth: 200 },
  { id: 'after', header: 'After', cell: ({ after }) => cell(after, 'absent'), minWidth: 200 },
]

interface DifferencesProps {
  readonly version: ImageSetVersion
  /** The version to compare with. */
  readonly base: string | undefined
  readonly options: readonly { readonly value: string; readonly label: string }[]
  onBaseChange(versionId: string): void
}

export function VersionComparison({ version, base, options, onBaseChange }: DifferencesProps) {
  const { client } = useApi()
  const after = useQuery(documentQuery(client, version))
  const before = useQuery({
    ...documentQuery(client, { ...version, versionId: base ?? '' }),
    enabled: base !== undefined,
  })
  const error = before.error ?? after.error
  const differences = useMemo(
    () => before.data && after.data && compareVersions(before.data, after.data),
    [before.data, after.data],
  )
  if (options.length === 0) {
    return (
      <EmptyState title="No other versions" description="Each update of the image set creates a version to compare." />
    )
  }
  return (
    <SpaceBetween size="m">
      <FormField label={`Version ${version.versionId} compared with`}>
        <Select
          options={options}
          selectedOption={options.find(({ value }) => value === base) ?? null}
          onChange={({ detail }) => onBaseChange(detail.selectedOption.value!)}
        />
      </FormField>
      {error && (
        <ErrorAlert
          error={error}
          action="compare the versions"
          onRetry={() => [before, after].map((query) => query.refetch())}
        />
      )}
      <Table
        header={
          <Header
            counter={differences && `(${formatNumber(differences.length)})`}
            description={
              differences && differences.length > SHOWN_MAX ? `The first ${SHOWN_MAX} changes are shown.` : undefined
            }
          >
            Changes
          </Header>
        }
        columnDefinitions={COLUMNS}
        items={differences?.slice(0, SHOWN_MAX) ?? []}
        loading={differences === undefined && error === null}
        loadingText="Comparing"
        wrapLines
        empty={<EmptyState title="No changes" description="Both versions have the same metadata." />}
      />
    </SpaceBetween>
  )
}
