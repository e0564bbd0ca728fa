/** The studies of a data store as a work list. */
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useMemo } from 'react'
import { useApi } from '../../api.ts'
import { BulkActions } from '../../bulk/BulkActions.tsx'
import { imageSetsOfStudies } from '../../bulk/image-sets-of-studies.ts'
import { type ChosenImageSets, onePage, type Pages, STUDIES_MAX } from '../../bulk/selection.ts'
import { useRefreshAfterDeletion } from '../../bulk/tasks.ts'
import { useCsvDownload } from '../../bulk/use-csv-download.ts'
import { EmptyState } from '../../components/EmptyState.tsx'
import { ErrorAlert } from '../../components/ErrorAlert.tsx'
import { InvalidParameters } from '../../components/InvalidParameters.tsx'
import { formatPersonName } from '../../format/dicom.ts'
import { hrefTo } from '../../location.ts'
import type { Study } from '../../studies/fetch-studies.ts'
import { SavedSearches } from '../../studies/SavedSearches.tsx'
import { StudyFilters } from '../../studies/StudyFilters.tsx'
import { STUDY_TABLE, studyColumns } from '../../studies/study-columns.tsx'
import { ALL_STUDIES, fragmentOf, isFiltered, refusalOf, type StudyOrder } from '../../studies/study-search.ts'
import { useStudies } from '../../studies/use-studies.ts'
import { CopyIds } from '../../tables/CopyIds.tsx'
import { DataTable } from '../../tables/DataTable.tsx'
import { FoundHeader } from '../../tables/FoundHeader.tsx'
import { FoundRange } from '../../tables/FoundRange.tsx'
import { useTableSettings } from '../../tables/table-settings.ts'
import { useSelection } from '../../tables/use-selection.ts'

const NO_ROWS: readonly Study[] = []
const idOf = ({ studyInstanceUID }: Study): string => studyInstanceUID

async function* uidsOf(pages: Pages<Study>): Pages<string> {
  for await (const studies of pages) yield studies.map(idOf)
}

interface StudiesTabProps {
  readonly datastoreId: string
  /** Undefined until it is loaded. */
  readonly datastoreArn: string | undefined
}

export function StudiesTab({ datastoreId, datastoreArn }: StudiesTabProps) {
  const api = useApi()
  const table = useTableSettings(STUDY_TABLE)
  const { pageSize } = table.settings
  const results = useStudies(datastoreId, pageSize)
  const { search, data, error, pages, invalidParameters, hrefOf, open } = results
  const refusal = useMemo(() => refusalOf(error), [error])
  const rows = data?.studies ?? NO_ROWS
  const { selected, select, isAll, selectAll } = useSelection(rows, idOf, fragmentOf(search))
  const selectedCount = isAll ? (data?.total ?? 0) : selected.length
  const chosen: ChosenImageSets | undefined =
    selectedCount === 0
      ? undefined
      : {
          what: 'study',
          count: selectedCount,
          read: (signal) =>
            imageSetsOfStudies(api, {
              ...{ datastoreId, signal },
              studies: uidsOf(isAll ? results.allPages(signal) : onePage(selected)),
            }),
        }
  const columns = studyColumns({ hrefOf, open })
  const download = useCsvDownload(datastoreId, { name: 'studies.csv', columns, state: table, total: data?.total })
  useRefreshAfterDeletion(datastoreId, results.refresh)
  const importAction = <Button href={hrefTo(`datastores/${datastoreId}/import`)}>Import DICOM data</Button>

  return (
    <SpaceBetween size="m">
      <InvalidParameters names={invalidParameters} />
      <Container>
        <StudyFilters search={search} refusal={refusal} onSearch={(next) => results.start(next)} />
      </Container>
      {error && refusal === undefined && (
        <ErrorAlert error={error} action="search for studies" onRetry={() => results.refetch()} />
      )}
      <DataTable
        state={table}
        columns={columns}
        rows={rows}
        idOf={idOf}
        labelOf={({ patientName, studyInstanceUID }) => `study ${formatPersonName(patientName)} ${studyInstanceUID}`}
        what="studies"
        isLoading={results.isPending && error === null}
        loadingText="Searching"
        selected={selected}
        onSelect={select}
        openId={results.openStudy}
        pages={pages}
        sorting={{
          field: search.order,
          isDescending: search.isDescending,
          onSort(field, isDescending) {
            const isSame = field === search.order
            // Dates start with the newest, texts with the first of the alphabet.
            const startsDescending = field === 'StudyDate' || field === 'PatientBirthDate'
            const next = isSame ? isDescending : startsDescending
            results.start({ ...search, order: field as StudyOrder, isDescending: next })
          },
        }}
        found={
          data && (
            <FoundRange page={pages.page} pageSize={pageSize} rowCount={rows.length} durationMs={data.durationMs} />
          )
        }
        header={
          <FoundHeader
            title="Studies"
            what="studies"
            total={data?.total}
            rowCount={rows.length}
            selectedCount={selected.length}
            isAll={isAll}
            most={STUDIES_MAX}
            onSelectAll={selectAll}
            onClear={() => select([])}
            isFetching={results.isFetching}
            onRefresh={results.refresh}
          >
            {!isAll && <CopyIds ids={selected.map(idOf)} name="Study Instance UIDs" />}
            <BulkActions
              datastoreId={datastoreId}
              datastoreArn={datastoreArn}
              chosen={chosen}
              more={[download.item]}
              onMore={() => download.start((signal) => results.allPages(signal))}
              onStarted={() => select([])}
            />
            <SavedSearches datastoreId={datastoreId} search={search} onOpen={(saved) => results.start(saved)} />
            {importAction}
          </FoundHeader>
        }
        empty={
          error === null &&
          (isFiltered(search) ? (
            <EmptyState
              title="No matches"
              description="No studies match all filters. Patient IDs and accession numbers must match as a whole, or with * for any characters."
              action={<Button onClick={() => results.start(ALL_STUDIES)}>View all studies</Button>}
            />
          ) : (
            <EmptyState
              title="No studies"
              description="Studies of primary image sets are listed here."
              action={importAction}
            />
          ))
        }
      />
    </SpaceBetween>
  )
}
