/** The search in a data store and its results. */
import type { SortField } from '@aws-sdk/client-medical-imaging'
import Button from '@cloudscape-design/components/button'
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import Container from '@cloudscape-design/components/container'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { lazy, Suspense, useMemo, useState } from 'react'
import { BulkActions } from '../../bulk/BulkActions.tsx'
import { type ChosenImageSets, IMAGE_SETS_MAX, onePage } from '../../bulk/selection.ts'
import { useRefreshAfterDeletion } from '../../bulk/tasks.ts'
import { useCsvDownload } from '../../bulk/use-csv-download.ts'
import { EmptyState } from '../../components/EmptyState.tsx'
import { ErrorAlert } from '../../components/ErrorAlert.tsx'
import { InvalidParameters } from '../../components/InvalidParameters.tsx'
import { hrefTo } from '../../location.ts'
import { columnsFor, IMAGE_SET_TABLE, type Row } from '../../search/result-columns.tsx'
import { SearchForm } from '../../search/SearchForm.tsx'
import { ALL_IMAGE_SETS, fragmentOf } from '../../search/search.ts'
import { useSearch } from '../../search/use-search.ts'
import { refusalOf } from '../../search/words.ts'
import { CopyIds } from '../../tables/CopyIds.tsx'
import { DataTable } from '../../tables/DataTable.tsx'
import { FoundHeader } from '../../tables/FoundHeader.tsx'
import { FoundRange } from '../../tables/FoundRange.tsx'
import { useTableSettings } from '../../tables/table-settings.ts'
import { useSelection } from '../../tables/use-selection.ts'
import type { CodeLanguage } from './CodeDialog.tsx'

const NO_ROWS: readonly Row[] = []
const idOf = ({ imageSetId }: Row): string => imageSetId!

const CodeDialog = lazy(async () => ({ default: (await import('./CodeDialog.tsx')).CodeDialog }))

interface ImageSetsTabProps {
  readonly datastoreId: string
  /** Undefined until it is loaded. */
  readonly datastoreArn: string | undefined
}

export function ImageSetsTab({ datastoreId, datastoreArn }: ImageSetsTabProps) {
  const table = useTableSettings(IMAGE_SET_TABLE)
  const { pageSize } = table.settings
  const results = useSearch(datastoreId, pageSize)
  const [codeLanguage, setCodeLanguage] = useState<CodeLanguage>()
  const columns = useMemo(() => columnsFor(datastoreId), [datastoreId])
  const { search, data, error, pages, total, invalidParameters } = results
  const refusal = useMemo(() => refusalOf(error, search.words), [error, search.words])
  const hasWords = search.words.length > 0
  const rows = data?.rows ?? NO_ROWS
  const { selected, select, isAll, selectAll } = useSelection(rows, idOf, fragmentOf(search))
  const selectedCount = isAll ? (total ?? 0) : selected.length
  const chosen: ChosenImageSets | undefined =
    selectedCount === 0
      ? undefined
      : {
          what: 'image set',
          count: selectedCount,
          read: (signal) => (isAll ? results.allPages(signal) : onePage(selected)),
        }
  const download = useCsvDownload(datastoreId, { name: 'image-sets.csv', columns, state: table, total })
  useRefreshAfterDeletion(datastoreId, () => results.start(search))
  const isUnfiltered = fragmentOf({ ...search, sort: ALL_IMAGE_SETS.sort }) === ''
  const importAction = <Button href={hrefTo(`datastores/${datastoreId}/import`)}>Import DICOM data</Button>

  return (
    <SpaceBetween size="m">
      <InvalidParameters names={invalidParameters} />
      <Container>
        <SearchForm search={search} refusal={refusal} onSearch={results.start} />
      </Container>
      {error && refusal === undefined && (
        <ErrorAlert error={error} action="search for image sets" onRetry={() => results.refetch()} />
      )}
      <DataTable
        state={table}
        columns={columns}
        rows={rows}
        idOf={idOf}
        labelOf={({ imageSetId }) => `image set ${imageSetId}`}
        what="image sets"
        isLoading={results.isPending && error === null}
        loadingText="Searching"
        selected={selected}
        onSelect={select}
        pages={pages}
        sorting={{
          field: search.sort.sortField!,
          isDescending: search.sort.sortOrder === 'DESC',
          onSort(field, isDescending) {
            const sortField = field as SortField
            const isSame = sortField === search.sort.sortField
            // A column that wasn't sorted yet starts with the newest first.
            const sortOrder = isSame && !isDescending ? 'ASC' : 'DESC'
            results.start({ ...search, sort: { sortField, sortOrder } })
          },
        }}
        found={
          data && (
            <FoundRange page={pages.page} pageSize={pageSize} rowCount={rows.length} durationMs={data.durationMs} />
          )
        }
        header={
          <FoundHeader
            title="Image sets"
            what="image sets"
            total={total}
            rowCount={rows.length}
            selectedCount={selected.length}
            isAll={isAll}
            most={IMAGE_SETS_MAX}
            onSelectAll={selectAll}
            onClear={() => select([])}
            isFetching={results.isFetching}
            onRefresh={() => results.start(search)}
          >
            {!isAll && <CopyIds ids={selected.map(({ imageSetId }) => imageSetId!)} name="image set IDs" />}
            <BulkActions
              datastoreId={datastoreId}
              datastoreArn={datastoreArn}
              chosen={chosen}
              more={[download.item]}
              onMore={() => download.start((signal) => results.allPages(signal))}
              onStarted={() => select([])}
            />
            <ButtonDropdown
              items={[
                { id: 'cli', text: 'AWS CLI' },
                { id: 'js', text: 'JavaScript' },
                { id: 'python', text: 'Python' },
              ]}
              onItemClick={({ detail }) => setCodeLanguage(detail.id as CodeLanguage)}
              disabled={hasWords}
              disabledReason="Code for a search by words isn't available: the SDKs have no parameter for words. Use the header x-hilum-match."
            >
              View code
            </ButtonDropdown>
            {importAction}
          </FoundHeader>
        }
        empty={
          error === null &&
          (isUnfiltered ? (
            <EmptyState
              title="No image sets"
              description="Import DICOM data, or drag and drop DICOM files onto this page."
              action={importAction}
            />
          ) : (
            <EmptyState
              title="No matches"
              description={
                hasWords
                  ? 'No image sets match all words and filters of the search.'
                  : 'No image sets match the search. Values must match exactly, including uppercase and lowercase.'
              }
              action={
                <Button onClick={() => results.start({ ...ALL_IMAGE_SETS, sort: search.sort })}>
                  View all image sets
                </Button>
              }
            />
          ))
        }
      />
      {codeLanguage && (
        <Suspense>
          <CodeDialog
            language={codeLanguage}
            datastoreId={datastoreId}
            searchCriteria={results.criteria}
            onClose={() => setCodeLanguage(undefined)}
          />
        </Suspense>
      )}
    </SpaceBetween>
  )
}
