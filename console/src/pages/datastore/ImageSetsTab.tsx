/** The search among the image sets of a data store, and what it found. */
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
import { Nothing } from '../../components/Nothing.tsx'
import { useTell } from '../../components/Notices.tsx'
import { Problem } from '../../components/Problem.tsx'
import { durationText } from '../../components/times.ts'
import { isLitter } from '../../import/chosen-files.ts'
import { keepForImport, useDrop } from '../../import/use-drop.ts'
import { addressOf, go, usePlace } from '../../place.ts'
import { columnsFor } from '../../search/results.tsx'
import { SearchForm } from '../../search/SearchForm.tsx'
import { EVERYTHING, fragmentOf } from '../../search/search.ts'
import { PAGE_SIZE, useSearch } from '../../search/use-search.ts'
import type { SnippetKind } from './CopyAs.tsx'

const CopyAs = lazy(async () => ({ default: (await import('./CopyAs.tsx')).CopyAs }))

export function ImageSetsTab({ datastoreId }: { datastoreId: string }) {
  const { fragment } = usePlace()
  const found = useSearch(datastoreId)
  const [copied, setCopied] = useState<SnippetKind>()
  const columns = useMemo(() => columnsFor(datastoreId), [datastoreId])
  const { search, data, error, page, total } = found
  const tell = useTell()
  useDrop({
    onFiles(files) {
      keepForImport(files.filter(({ name }) => !isLitter(name)))
      go(addressOf(`datastores/${datastoreId}/import`))
    },
    onFailure: () => tell({ type: 'error', text: 'What was dropped cannot be read. Choose it on the import page.' }),
  })
  const rows = data?.rows ?? []
  const first = (page - 1) * PAGE_SIZE + 1
  const isEverything = fragmentOf({ ...search, sort: EVERYTHING.sort }) === ''
  const importAction = <Button href={addressOf(`datastores/${datastoreId}/import`)}>Import DICOM data</Button>

  return (
    <SpaceBetween size="m">
      {found.strange.length > 0 && (
        <Alert type="warning" header="Part of this address says nothing here">
          {found.strange.join(', ')}: the link may be cut off or of another version. The rest was searched for.
        </Alert>
      )}
      <Container>
        <SearchForm key={fragment} search={search} isSearching={found.isFetching} onSearch={found.start} />
      </Container>
      {error && <Problem error={error} again={() => found.refetch()} />}
      <Table
        variant="container"
        columnDefinitions={columns}
        items={rows}
        trackBy="imageSetId"
        resizableColumns
        loading={found.isPending && error === null}
        loadingText="Searching"
        sortingColumn={{ sortingField: search.sort.sortField }}
        sortingDescending={search.sort.sortOrder === 'DESC'}
        onSortingChange={({ detail }) => {
          const sortField = detail.sortingColumn.sortingField as SortField
          const isSame = sortField === search.sort.sortField
          // Of another date the newest come first, too.
          const sortOrder = isSame && !detail.isDescending ? 'ASC' : 'DESC'
          found.start({ ...search, sort: { sortField, sortOrder } })
        }}
        header={
          <Header
            counter={total === undefined ? undefined : `(${total.toLocaleString('en-US')})`}
            description={
              data && (
                <span data-testid="search-took">
                  {rows.length > 0 &&
                    `${first.toLocaleString('en-US')}–${(first + rows.length - 1).toLocaleString('en-US')}. `}
                  Search took {durationText(data.durationMs)}.
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
                  onItemClick={({ detail }) => setCopied(detail.id as SnippetKind)}
                >
                  Copy as
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
            disabled={found.isPlaceholderData}
            onChange={({ detail }) =>
              detail.currentPageIndex > page ? found.next() : found.toPage(detail.currentPageIndex)
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
          (isEverything ? (
            <Nothing
              title="No image sets yet"
              advice="Drop DICOM files here or import them, and each series becomes one."
              action={importAction}
            />
          ) : (
            <Nothing
              title="Nothing matches"
              advice="Values are matched whole and with their upper and lower case; a range may be too short."
              action={
                <Button onClick={() => found.start({ ...EVERYTHING, sort: search.sort })}>Show all image sets</Button>
              }
            />
          ))
        }
      />
      {copied && (
        <Suspense>
          <CopyAs
            kind={copied}
            datastoreId={datastoreId}
            searchCriteria={found.criteria}
            onClose={() => setCopied(undefined)}
          />
        </Suspense>
      )}
    </SpaceBetween>
  )
}
