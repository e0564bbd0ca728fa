/** What changed from one version to another. */
import './metadata.css'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useApi } from '../api.ts'
import { Nothing } from '../components/Nothing.tsx'
import { Problem } from '../components/Problem.tsx'
import { type Difference, differencesOf } from './difference.ts'
import { documentQuery, type VersionOfImageSet } from './document.ts'

/** A browser draws no ten thousand rows well. */
const SHOWN_MAX = 500

const cell = (text: string | undefined, absent: string) =>
  text === undefined ? (
    <i>{absent}</i>
  ) : (
    <span className="dicom-value">{text === '' ? '(empty)' : text.slice(0, 400)}</span>
  )

const COLUMNS: readonly TableProps.ColumnDefinition<Difference>[] = [
  { id: 'where', header: 'Where', cell: ({ where }) => where, minWidth: 160 },
  {
    id: 'keyword',
    header: 'Keyword',
    cell: ({ keyword }) => keyword || 'The whole instance',
    isRowHeader: true,
    minWidth: 200,
  },
  { id: 'before', header: 'Before', cell: ({ before }) => cell(before, 'not there'), minWidth: 200 },
  { id: 'after', header: 'After', cell: ({ after }) => cell(after, 'not there'), minWidth: 200 },
]

interface DifferencesProps {
  readonly version: VersionOfImageSet
  /** The earlier one that it is compared with. */
  readonly base: string | undefined
  readonly options: readonly { readonly value: string; readonly label: string }[]
  onBase(versionId: string): void
}

export function Differences({ version, base, options, onBase }: DifferencesProps) {
  const { client } = useApi()
  const after = useQuery(documentQuery(client, version))
  const before = useQuery({
    ...documentQuery(client, { ...version, versionId: base ?? '' }),
    enabled: base !== undefined,
  })
  const error = before.error ?? after.error
  const differences = useMemo(
    () => before.data && after.data && differencesOf(before.data, after.data),
    [before.data, after.data],
  )
  if (options.length === 0) {
    return <Nothing title="Only one version" advice="After an update or another import there are two to compare." />
  }
  return (
    <SpaceBetween size="m">
      <FormField label={`Version ${version.versionId} compared with`}>
        <Select
          options={options}
          selectedOption={options.find(({ value }) => value === base) ?? null}
          onChange={({ detail }) => onBase(detail.selectedOption.value!)}
        />
      </FormField>
      {error && <Problem error={error} again={() => [before, after].map((query) => query.refetch())} />}
      <Table
        header={
          <Header
            counter={differences && `(${differences.length.toLocaleString('en-US')})`}
            description={
              differences && differences.length > SHOWN_MAX ? `The first ${SHOWN_MAX} are shown.` : undefined
            }
          >
            What changed
          </Header>
        }
        columnDefinitions={COLUMNS}
        items={differences?.slice(0, SHOWN_MAX) ?? []}
        loading={differences === undefined && error === null}
        loadingText="Comparing"
        wrapLines
        empty={<Nothing title="No difference" advice="Both versions have the same metadata." />}
      />
    </SpaceBetween>
  )
}
