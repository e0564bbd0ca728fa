/** The principals of the server: their status, access keys and policies. */
import Button from '@cloudscape-design/components/button'
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { CreatedKey, PrincipalSummary } from '../../../src/contract/access.ts'
import { AccessKeyDialog } from '../access/AccessKeyDialog.tsx'
import { deletePrincipal, listPrincipals, rotateKey, setPrincipalEnabled } from '../access/access-api.ts'
import { CreatePrincipalDialog, PoliciesDialog } from '../access/PrincipalDialogs.tsx'
import { useApi } from '../api.ts'
import { DeleteConfirmation } from '../components/DeleteConfirmation.tsx'
import { EmptyState } from '../components/EmptyState.tsx'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { useNotify } from '../components/Notifications.tsx'
import { PageLayout } from '../components/PageLayout.tsx'
import { Status } from '../components/Status.tsx'
import { errorMessageOf } from '../error-messages.ts'
import { formatTime } from '../format/time.ts'
import { hrefTo } from '../location.ts'

const COLUMNS: readonly TableProps.ColumnDefinition<PrincipalSummary>[] = [
  { id: 'name', header: 'Name', cell: ({ principalName }) => principalName, isRowHeader: true },
  { id: 'status', header: 'Status', cell: ({ status }) => <Status status={status} /> },
  {
    id: 'keys',
    header: 'Access keys',
    cell: ({ accessKeys }) => accessKeys.map(({ accessKeyId }) => accessKeyId).join(', '),
  },
  {
    id: 'policies',
    header: 'Policies',
    cell: ({ policies }) => policies.map(({ policyName }) => policyName).join(', ') || '–',
  },
  { id: 'created', header: 'Created at', cell: ({ createdAt }) => formatTime(new Date(createdAt * 1000)) },
]

type Dialog =
  | { readonly kind: 'create' }
  | { readonly kind: 'policies' | 'delete'; readonly principal: PrincipalSummary }
  | { readonly kind: 'key'; readonly principalName: string; readonly accessKey: CreatedKey }

export function PrincipalsPage() {
  const api = useApi()
  const notify = useNotify()
  const [selectedName, setSelectedName] = useState<string>()
  const [dialog, setDialog] = useState<Dialog>()
  const { data, error, isPending, refetch, isFetching } = useQuery({
    queryKey: ['principals'],
    queryFn: () => listPrincipals(api),
  })
  const selected = data?.find(({ principalName }) => principalName === selectedName)
  const close = () => setDialog(undefined)

  async function act(action: string, run: () => Promise<unknown>) {
    try {
      await run()
      await refetch()
    } catch (thrown) {
      const { title, description } = errorMessageOf(thrown, { action })
      notify({ type: 'error', text: `${title}. ${description}` })
    }
  }

  function choose(id: string, principal: PrincipalSummary) {
    const { principalName, status } = principal
    if (id === 'policies' || id === 'delete') setDialog({ kind: id, principal })
    else if (id === 'rotate') {
      void act('rotate the access key', async () =>
        setDialog({ kind: 'key', principalName, accessKey: await rotateKey(api, principalName) }),
      )
    } else {
      const isEnabled = status === 'DISABLED'
      void act(isEnabled ? 'enable the principal' : 'disable the principal', () =>
        setPrincipalEnabled(api, principalName, isEnabled),
      )
    }
  }

  const create = (
    <Button variant="primary" onClick={() => setDialog({ kind: 'create' })}>
      Create principal
    </Button>
  )
  return (
    <PageLayout
      title="Principals"
      contentType="table"
      breadcrumbs={[{ text: 'Principals', href: hrefTo('principals') }]}
    >
      <SpaceBetween size="m">
        {error && <ErrorAlert error={error} action="load principals" onRetry={() => refetch()} />}
        <Table
          variant="full-page"
          columnDefinitions={COLUMNS}
          items={data ?? []}
          trackBy="principalName"
          selectionType="single"
          selectedItems={selected === undefined ? [] : [selected]}
          onSelectionChange={({ detail }) => setSelectedName(detail.selectedItems[0]?.principalName)}
          ariaLabels={{
            selectionGroupLabel: 'Principals',
            itemSelectionLabel: (_, { principalName }) => `Select ${principalName}`,
          }}
          loading={isPending && error === null}
          loadingText="Loading principals"
          header={
            <Header
              variant="h1"
              counter={data && `(${data.length})`}
              description="A principal has an access key, and may do what its policies allow."
              actions={
                <SpaceBetween direction="horizontal" size="xs">
                  <Button iconName="refresh" ariaLabel="Refresh" loading={isFetching} onClick={() => refetch()} />
                  <Button href={hrefTo('policies')}>View policies</Button>
                  <ButtonDropdown
                    disabled={selected === undefined}
                    items={[
                      { id: 'policies', text: 'Change policies' },
                      { id: 'status', text: selected?.status === 'DISABLED' ? 'Enable' : 'Disable' },
                      { id: 'rotate', text: 'Rotate access key' },
                      { id: 'delete', text: 'Delete' },
                    ]}
                    onItemClick={({ detail }) => selected && choose(detail.id, selected)}
                  >
                    Actions
                  </ButtonDropdown>
                  {create}
                </SpaceBetween>
              }
            >
              Principals
            </Header>
          }
          empty={
            <EmptyState
              title="No principals"
              description="Everyone uses the access key of the owner. Create a principal for each person or device."
              action={create}
            />
          }
        />
      </SpaceBetween>
      {dialog?.kind === 'create' && (
        <CreatePrincipalDialog
          onCreated={(principalName, accessKey) => {
            setDialog({ kind: 'key', principalName, accessKey })
            void refetch()
          }}
          onClose={close}
        />
      )}
      {dialog?.kind === 'policies' && (
        <PoliciesDialog
          principal={dialog.principal}
          onChanged={() => {
            close()
            void refetch()
          }}
          onClose={close}
        />
      )}
      {dialog?.kind === 'delete' && (
        <DeleteConfirmation
          resourceType="principal"
          confirmationText={dialog.principal.principalName}
          consequence="Its access keys and sessions stop working."
          onDelete={async () => {
            await deletePrincipal(api, dialog.principal.principalName)
            await refetch()
          }}
          onClose={close}
        />
      )}
      {dialog?.kind === 'key' && (
        <AccessKeyDialog principalName={dialog.principalName} accessKey={dialog.accessKey} onClose={close} />
      )}
    </PageLayout>
  )
}
