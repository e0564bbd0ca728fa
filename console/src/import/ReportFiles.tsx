/** The files of a report that failed or have a warning: the reasons with their counts, and the files of all reasons or of one, in pages. */
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Link from '@cloudscape-design/components/link'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useApi } from '../api.ts'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { formatNumber } from '../format/size.ts'
import { Pager } from '../tables/Pager.tsx'
import {
  fetchPage,
  type ReportedFile,
  type ReportKind,
  type ReportOf,
  type ReportReason,
  reasonText,
} from './report-api.ts'

const FILES_PER_PAGE = 50

interface ReportFilesProps extends ReportOf {
  readonly kind: ReportKind
  readonly title: string
  /** Undefined where the summary doesn't say. */
  readonly total: number | undefined
  readonly reasons: readonly ReportReason[]
  readonly hasMoreReasons: boolean
  readonly actions?: ReactNode
}

/** The offsets of the second page to the current one, of the files with a reason. */
interface Place {
  readonly reason: string | undefined
  readonly offsets: readonly number[]
}

const COLUMNS: readonly TableProps.ColumnDefinition<ReportedFile>[] = [
  { id: 'file', header: 'File', cell: ({ file }) => file, isRowHeader: true },
  { id: 'reason', header: 'Reason', cell: ({ messages }) => messages.join(' ') },
]
const ERROR_COLUMN: TableProps.ColumnDefinition<ReportedFile> = {
  id: 'type',
  header: 'Error',
  cell: ({ exceptionType }) => exceptionType,
}

export function ReportFiles(props: ReportFilesProps) {
  const { datastoreId, jobId, kind, title, total, reasons, hasMoreReasons, actions } = props
  const api = useApi()
  const [{ reason, offsets }, setPlace] = useState<Place>({ reason: undefined, offsets: [] })
  const after = offsets.at(-1)
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['report-files', datastoreId, jobId, kind, reason, after],
    queryFn: () => fetchPage(api, { datastoreId, jobId }, { kind, reason, after, limit: FILES_PER_PAGE }),
    placeholderData: (shown, before) => (before?.queryKey[4] === reason ? shown : undefined),
  })
  const page = offsets.length + 1
  const next = data?.next
  const count = reason === undefined ? total : reasons.find((each) => each.reason === reason)?.files
  function toPage(wanted: number): void {
    const known = wanted > page && next !== undefined ? [...offsets, next] : offsets
    setPlace({ reason, offsets: known.slice(0, wanted - 1) })
  }
  return (
    <SpaceBetween size="m">
      <Reasons
        title={kind === 'failure' ? 'Reasons for failures' : 'Reasons for warnings'}
        reasons={reasons}
        hasMore={hasMoreReasons}
        chosen={reason}
        onChoose={(chosen) => setPlace({ reason: chosen, offsets: [] })}
      />
      {error && <ErrorAlert error={error} action="load the files of the report" onRetry={() => refetch()} />}
      <Table
        header={
          <Header
            {...(count !== undefined && { counter: `(${formatNumber(count)})` })}
            {...(reason !== undefined && { description: `With the reason: ${reasonText(reason)}` })}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                {reason !== undefined && (
                  <Button onClick={() => setPlace({ reason: undefined, offsets: [] })}>Show all files</Button>
                )}
                {actions}
              </SpaceBetween>
            }
          >
            {title}
          </Header>
        }
        columnDefinitions={kind === 'failure' ? [...COLUMNS, ERROR_COLUMN] : COLUMNS}
        items={data?.files ?? []}
        trackBy="file"
        wrapLines
        loading={data === undefined && error === null}
        loadingText="Loading files"
        pagination={
          (page > 1 || next !== undefined) && (
            <Pager
              label={`Pages of ${title.toLowerCase()}`}
              pages={{
                page,
                count: next === undefined ? page : page + 1,
                isOpenEnd: next !== undefined,
                isLoading: isFetching,
                toPage,
              }}
            />
          )
        }
      />
    </SpaceBetween>
  )
}

interface ReasonsProps {
  readonly title: string
  readonly reasons: readonly ReportReason[]
  readonly hasMore: boolean
  readonly chosen: string | undefined
  onChoose(reason: string): void
}

function Reasons({ title, reasons, hasMore, chosen, onChoose }: ReasonsProps) {
  return (
    <SpaceBetween size="xs">
      <Table
        header={<Header description="Choose a reason to list its files.">{title}</Header>}
        columnDefinitions={[
          {
            id: 'reason',
            header: 'Reason',
            cell: ({ reason }: ReportReason) =>
              reason === chosen ? (
                <strong>{reasonText(reason)}</strong>
              ) : (
                <Link
                  onFollow={() => onChoose(reason)}
                  ariaLabel={`List the files with the reason: ${reasonText(reason)}`}
                >
                  {reasonText(reason)}
                </Link>
              ),
            isRowHeader: true,
          },
          { id: 'files', header: 'Files', cell: ({ files }: ReportReason) => formatNumber(files), width: 120 },
        ]}
        items={reasons}
        trackBy="reason"
        wrapLines
        variant="container"
      />
      {hasMore && (
        <Alert type="info">
          The report has more reasons, or more files than are counted here. The CSV has all files.
        </Alert>
      )}
    </SpaceBetween>
  )
}
