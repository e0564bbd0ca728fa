/** The audit log of the server, newest events first. */
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import Table from '@cloudscape-design/components/table'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { AuditPage as PageOfLog } from '../../../src/contract/audit.ts'
import { AuditFilterForm } from '../administration/AuditFilterForm.tsx'
import { AUDIT_COLUMNS } from '../administration/audit-columns.tsx'
import {
  type AuditFilters,
  auditFiltersOf,
  auditFragment,
  chainStateOf,
  fetchAuditPage,
} from '../administration/audit-search.ts'
import { isNotAllowed, NotAllowed } from '../administration/NotAllowed.tsx'
import { useApi } from '../api.ts'
import { EmptyState } from '../components/EmptyState.tsx'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { PageLayout } from '../components/PageLayout.tsx'
import { formatCount } from '../format/size.ts'
import { formatTime } from '../format/time.ts'
import { hrefTo, navigate, useLocation } from '../location.ts'
import { refetchIntervalOf } from '../refetch-interval.ts'
import { Pager } from '../tables/Pager.tsx'

export function AuditPage() {
  const api = useApi()
  const { path, fragment } = useLocation()
  const filters = auditFiltersOf(fragment)
  // Relative ranges end then, on all pages.
  const [startedAt, setStartedAt] = useState(() => Date.now())
  const [page, setPage] = useState(1)
  const log = useInfiniteQuery({
    queryKey: ['audit', auditFragment(filters), startedAt],
    queryFn: ({ pageParam, signal }) =>
      fetchAuditPage(api, { filters, now: new Date(startedAt), nextToken: pageParam, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextToken }) => nextToken,
    refetchInterval: ({ state }) => refetchIntervalOf(state),
  })
  const pages = log.data?.pages ?? []
  const shown = pages[page - 1]

  function search(next: AuditFilters) {
    setPage(1)
    setStartedAt(Date.now())
    navigate(hrefTo(path, auditFragment(next)), { replace: auditFragment(next) === fragment })
  }

  async function toPage(wanted: number) {
    if (wanted > pages.length) await log.fetchNextPage()
    setPage(wanted)
  }

  return (
    <PageLayout title="Audit log" contentType="table" breadcrumbs={[{ text: 'Audit log', href: hrefTo('audit') }]}>
      <SpaceBetween size="m">
        <Header variant="h1" description="Every request to this server: who, what, on which resource, and the outcome.">
          Audit log
        </Header>
        {isNotAllowed(log.error) ? (
          <NotAllowed what="the audit log" action="hilum:SearchAuditLog" />
        ) : (
          <SpaceBetween size="m">
            <Container>
              <AuditFilterForm key={fragment} filters={filters} onSearch={search} />
            </Container>
            {log.error && <ErrorAlert error={log.error} action="load the audit log" onRetry={() => log.refetch()} />}
            <Faults pages={pages} />
            <Table
              columnDefinitions={AUDIT_COLUMNS}
              items={shown?.events ?? []}
              trackBy={({ eventID, requestID, eventTime, eventName }) => eventID ?? requestID ?? eventTime + eventName}
              resizableColumns
              stickyHeader
              contentDensity="compact"
              ariaLabels={{ tableLabel: 'events' }}
              loading={log.isPending && log.error === null}
              loadingText="Reading the audit log"
              header={
                <Header
                  actions={
                    <Button
                      iconName="refresh"
                      ariaLabel="Refresh"
                      loading={log.isFetching}
                      onClick={() => search(filters)}
                    />
                  }
                  description={<ReadRange pages={pages} />}
                >
                  Events
                </Header>
              }
              pagination={
                <Pager
                  label="Pages of events"
                  pages={{
                    page,
                    count: log.hasNextPage ? pages.length + 1 : Math.max(1, pages.length),
                    isOpenEnd: log.hasNextPage,
                    isLoading: log.isFetching,
                    toPage: (wanted) => void toPage(wanted),
                  }}
                />
              }
              empty={
                shown && <NoEvents page={shown} isFetching={log.isFetching} onMore={() => void toPage(page + 1)} />
              }
            />
          </SpaceBetween>
        )}
      </SpaceBetween>
    </PageLayout>
  )
}

const readBackTo = ({ readBackTo }: PageOfLog): string =>
  readBackTo === undefined ? '' : formatTime(new Date(readBackTo * 1_000))

function NoEvents({ page, isFetching, onMore }: { page: PageOfLog; isFetching: boolean; onMore: () => void }) {
  if (page.nextToken === undefined) {
    return <EmptyState title="No matches" description="No event of the audit log matches all filters." />
  }
  return (
    <EmptyState
      title="No matches so far"
      description={`The log was read back to ${readBackTo(page)}.`}
      action={
        <Button loading={isFetching} onClick={onMore}>
          Search older events
        </Button>
      }
    />
  )
}

/** How far the log was read, and that the lines follow each other. */
function ReadRange({ pages }: { pages: readonly PageOfLog[] }) {
  const last = pages.at(-1)
  const { lines, faults } = chainStateOf(pages)
  if (last === undefined || lines === 0) return null
  const isWhole = last.nextToken === undefined
  const back = isWhole ? 'the first event' : readBackTo(last)
  if (faults.length > 0) return <>Read back to {back}.</>
  return (
    <>
      <StatusIndicator type="success">Verified</StatusIndicator> back to {back}: {formatCount(lines, 'line')}, none
      missing or changed.
    </>
  )
}

function Faults({ pages }: { pages: readonly PageOfLog[] }) {
  const { faults } = chainStateOf(pages)
  if (faults.length === 0) return null
  return (
    <Alert type="error" header="The audit log was changed">
      {faults.map(({ chain, fault }) => (
        <div key={chain}>
          In the log {chain}, {fault}.
        </div>
      ))}
      Run <Box variant="code">hilum audit verify</Box> on the server.
    </Alert>
  )
}
