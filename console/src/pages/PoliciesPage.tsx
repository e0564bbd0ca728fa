/** The policies of the server, those of AWS and Hilum included. */
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Link from '@cloudscape-design/components/link'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { PolicySummary } from '../../../src/contract/access.ts'
import { deletePolicy, listPolicies } from '../access/access-api.ts'
import { PolicyDialog } from '../access/PolicyDialog.tsx'
import { useApi } from '../api.ts'
import { DeleteConfirmation } from '../components/DeleteConfirmation.tsx'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { PageLayout } from '../components/PageLayout.tsx'
import { formatTime } from '../format/time.ts'
import { hrefTo } from '../location.ts'

type Dialog =
  | { readonly kind: 'open'; readonly policy?: PolicySummary }
  | { readonly kind: 'delete'; readonly policy: PolicySummary }

export function PoliciesPage() {
  const api = useApi()
  const [selectedName, setSelectedName] = useState<string>()
  const [dialog, setDialog] = useState<Dialog>()
  const { data, error, isPending, refetch, isFetching } = useQuery({
    queryKey: ['policies'],
    queryFn: () => listPolicies(api),
  })
  const selected = data?.find(({ policyName }) => policyName === selectedName)
  const close = () => setDialog(undefined)
  const columns: readonly TableProps.ColumnDefinition<PolicySummary>[] = [
    {
      id: 'name',
      header: 'Name',
      cell: (policy) => (
        <Link variant="primary" onFollow={() => setDialog({ kind: 'open', policy })}>
          {policy.policyName}
        </Link>
      ),
      isRowHeader: true,
    },
    { id: 'type', header: 'Type', cell: ({ isManaged }) => (isManaged ? 'Managed' : 'Customer managed') },
    {
      id: 'updated',
      header: 'Updated at',
      cell: ({ updatedAt }) => (updatedAt === undefined ? '–' : formatTime(new Date(updatedAt * 1000))),
    },
  ]
  return (
    <PageLayout title="Policies" contentType="table" breadcrumbs={[{ text: 'Policies', href: hrefTo('policies') }]}>
      <SpaceBetween size="m">
        {error && <ErrorAlert error={error} action="load policies" onRetry={() => refetch()} />}
        <Table
          variant="full-page"
          columnDefinitions={columns}
          items={data ?? []}
          trackBy="policyName"
          selectionType="single"
          selectedItems={selected === undefined ? [] : [selected]}
          onSelectionChange={({ detail }) => setSelectedName(detail.selectedItems[0]?.policyName)}
          ariaLabels={{
            selectionGroupLabel: 'Policies',
            itemSelectionLabel: (_, { policyName }) => `Select ${policyName}`,
          }}
          loading={isPending && error === null}
          loadingText="Loading policies"
          header={
            <Header
              variant="h1"
              counter={data && `(${data.length})`}
              description="A policy says which actions are allowed or denied, on which data stores and image sets."
              actions={
                <SpaceBetween direction="horizontal" size="xs">
                  <Button iconName="refresh" ariaLabel="Refresh" loading={isFetching} onClick={() => refetch()} />
                  <Button href={hrefTo('principals')}>View principals</Button>
                  <Button
                    disabled={selected === undefined || selected.isManaged}
                    onClick={() => selected && setDialog({ kind: 'delete', policy: selected })}
                  >
                    Delete
                  </Button>
                  <Button variant="primary" onClick={() => setDialog({ kind: 'open' })}>
                    Create policy
                  </Button>
                </SpaceBetween>
              }
            >
              Policies
            </Header>
          }
        />
      </SpaceBetween>
      {dialog?.kind === 'open' && (
        <PolicyDialog
          policy={dialog.policy}
          onStored={() => {
            close()
            void refetch()
          }}
          onClose={close}
        />
      )}
      {dialog?.kind === 'delete' && (
        <DeleteConfirmation
          resourceType="policy"
          confirmationText={dialog.policy.policyName}
          consequence="A policy that is attached to a principal is not deleted."
          onDelete={async () => {
            await deletePolicy(api, dialog.policy.policyName)
            await refetch()
          }}
          onClose={close}
        />
      )}
    </PageLayout>
  )
}
