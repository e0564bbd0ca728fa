/** The search in a data store and its results. */
import type { SortField } from '@aws-sdk/client-medical-imaging'
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import Pagination from '@cloudscape-design/components/pagination'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table from '@cloudscape-design/components/table'
import { lazy, Suspense, useMemo, useState } from 'react'
import { EmptyState } from '../../components/EmptyState.tsx'
import { ErrorAlert } from '../../components/ErrorAlert.tsx'
import { useNotify } from '../../components/Notifications.tsx'
import { formatNumber } from '../../format/size.ts'
import { formatDuration } from '../../format/time.ts'
import { isSystemFile } from '../../import/chosen-files.ts'
import { setPendingFiles } from '../../import/pending-files.ts'
import { useFileDrop } from '../../import/use-file-drop.ts'
import { hrefTo, navigate } from '../../location.ts'
import { columnsFor } from '../../search/result-columns.tsx'
import { SearchForm } from '../../search/SearchForm.tsx'
import { ALL_IMAGE_SETS, fragmentOf } from '../../search/search.ts'
import { PAGE_SIZE, useSearch } from '../../search/use-search.ts'
import { refusalOf } from '../../search/words.ts'
import type { CodeLanguage } from './CodeDialog.tsx'

const CodeDialog = lazy(async () => ({ default: (await import('./CodeDialog.tsx')).CodeDialog }))

export function ImageSetsTab({ datastoreId }: { datastoreId: string }) {
  const results = useSearch(datastoreId)
  const [codeLanguage, setCodeLanguage] = useState<CodeLanguage>()
  const columns = useMemo(() => columnsFor(datastoreId), [datastoreId])
  const { search, data, error, page, total, invalidParameters } = results
  const refusal = useMemo(() => refusalOf(error, search.words), [error, search.words])
  const hasWords = search.words.length > 0
  const notify = useNotify()
  useFileDrop({
    onFiles(files) {
      setPendingFiles(files.filter(({ name }) => !isSystemFile(name)))
      navigate(hrefTo(`datastores/${datastoreId}/import`))
    },
    onError: () =>
      notify({ type: 'error', text: "Can't read the dropped files. Choose them on the Import DICOM data page." }),
  })
  const rows = data?.rows ?? []
  const first = (page - 1) * PAGE_SIZE + 1
  const isUnfiltered = fragmentOf({ ...search, sort: ALL_IMAGE_SETS.sort }) === ''
  const importAction = <Button href={hrefTo(`datastores/${datastoreId}/import`)}>Import DICOM data</Button>

  return (
    <SpaceBetween size="m">
      {invalidParameters.length > 0 && (
        <Alert type="warning" header="Some search parameters in this link aren't valid">
          The search ignores these parameters: {invalidParameters.join(', ')}. Check that the link is complete.
        </Alert>
      )}
      <Container>
        <SearchForm search={search} refusal={refusal} isSearching={results.isFetching} onSearch={results.start} />
      </Container>
      {error && refusal === undefined && (
        <ErrorAlert error={error} action="search for image sets" onRetry={() => results.refetch()} />
      )}
      <Table
        variant="container"
        columnDefinitions={columns}
        items={rows}
        trackBy="imageSetId"
        resizableColumns
        loading={results.isPending && error === null}
        loadingText="Searching"
        sortingColumn={{ sortingField: search.sort.sortField }}
        sortingDescending={search.sort.sortOrder === 'DESC'}
        onSortingChange={({ detail }) => {
          const sortField = detail.sortingColumn.sortingField as SortField
          const isSame = sortField === search.sort.sortField
          // A column that wasn't sorted yet starts with the newest first.
          const sortOrder = isSame && !detail.isDescending ? 'ASC' : 'DESC'
          results.start({ ...search, sort: { sortField, sortOrder } })
        }}
        header={
          <Header
            counter={total === undefined ? undefined : `(${formatNumber(total)})`}
            description={
              data && (
                <span data-testid="search-duration">
                  {rows.length > 0 && `${formatNumber(first)}–${formatNumber(first + rows.length - 1)}. `}
                  Search took {formatDuration(data.durationMs)}.
                </span>
              )
            }
            actions={
              <SpaceBetween direction="horizontal" size="xs">
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
              </SpaceBetween>
            }
          >
            Image sets
          </Header>
        }
        pagination={
          <Pagination
            currentPageIndex={page}
            pagesCount={data?.nextToken === undefined ? page : page + 1}
            openEnd={data?.nextToken !== undefined}
            disabled={results.isPlaceholderData}
            onChange={({ detail }) =>
              detail.currentPageIndex > page ? results.next() : results.toPage(detail.currentPageIndex)
            }
            ariaLabels={{
              nextPageLabel: 'Next page',
              previousPageLabel: 'Previous page',
              pageLabel: (number) => `Page ${number}`,
            }}
          />
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
