/** Image set details: the viewer, properties, metadata and changes of a version, tags, and deletion. */
import {
  DeleteImageSetCommand,
  GetImageSetCommand,
  type ImageSetProperties,
  paginateListImageSetVersions,
} from '@aws-sdk/client-medical-imaging'
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Tabs from '@cloudscape-design/components/tabs'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useState } from 'react'
import { type Api, useApi } from '../api.ts'
import { DeleteConfirmation } from '../components/DeleteConfirmation.tsx'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { Loading } from '../components/Loading.tsx'
import { LockBadge } from '../components/LockBadge.tsx'
import { useNotify } from '../components/Notifications.tsx'
import { PageLayout } from '../components/PageLayout.tsx'
import { formatStatus } from '../components/Status.tsx'
import { Tags } from '../components/Tags.tsx'
import { useObjectLock } from '../components/use-object-lock.ts'
import { DownloadMenu } from '../download/DownloadMenu.tsx'
import { formatTime } from '../format/time.ts'
import { hrefTo, navigate, useLocation } from '../location.ts'
import { documentQuery } from '../metadata/document.ts'
import { VersionComparison } from '../metadata/VersionComparison.tsx'
import { refetchIntervalOf } from '../refetch-interval.ts'
import { preloadViewer, Viewer } from '../viewer/lazy-viewer.ts'
import { Properties } from './image-set/Properties.tsx'
import { useDatastoreName } from './use-datastore.ts'

const MetadataTree = lazy(async () => ({ default: (await import('../metadata/MetadataTree.tsx')).MetadataTree }))

const LOCKED_REFETCH_MS = 1_000

export function ImageSetPage({ datastoreId, imageSetId }: { datastoreId: string; imageSetId: string }) {
  const { client } = useApi()
  const name = useDatastoreName(datastoreId)
  const { path, fragment } = useLocation()
  const parameters = new URLSearchParams(fragment)
  const requestedVersionId = parameters.get('version') ?? undefined
  const [isDialogOpen, setDialogOpen] = useState(false)
  // Set before DeleteImageSet is sent, because open requests for metadata or frames would fail with 404.
  const [isDeleteSent, setDeleteSent] = useState(false)
  const versions = useQuery({
    queryKey: ['versions', datastoreId, imageSetId],
    queryFn: () => listVersions(client, { datastoreId, imageSetId }),
    enabled: !isDeleteSent,
    refetchInterval: ({ state }) =>
      refetchIntervalOf(state, state.data?.[0]?.imageSetState === 'LOCKED' ? LOCKED_REFETCH_MS : undefined),
  })
  const latest = versions.data?.[0]?.versionId
  const versionId = requestedVersionId ?? latest
  const properties = useQuery({
    queryKey: ['image-set', datastoreId, imageSetId, versionId, versions.data?.[0]?.imageSetState],
    queryFn: () => client.send(new GetImageSetCommand({ datastoreId, imageSetId, versionId })),
    enabled: versionId !== undefined && !isDeleteSent,
  })
  useEffect(() => {
    // The viewer reports the error.
    preloadViewer().catch(() => {})
  }, [])
  const isDeleted = versions.data?.[0]?.imageSetState === 'DELETED'
  const isDeleting = isDeleteSent || isDeleted || versions.data?.[0]?.ImageSetWorkflowStatus === 'DELETING'
  // A deleted image set has no tags.
  const lock = useObjectLock(isDeleting ? undefined : properties.data?.imageSetArn)
  const version = { datastoreId, imageSetId, versionId: versionId ?? '' }
  const metadata = useQuery({ ...documentQuery(client, version), enabled: versionId !== undefined && !isDeleting })
  const versionError = properties.error ?? (isDeleting ? null : metadata.error)
  const retry = () => [versions, properties, metadata].map((query) => query.refetch())
  const options = (versions.data ?? []).map((version, index) => versionOption(version, index === 0))

  const study = metadata.data?.Study.DICOM.StudyInstanceUID as string | undefined
  const [series] = Object.keys(metadata.data?.Study.Series ?? {})
  const studyFragment = series === undefined ? '' : `pane=${series}`

  const setParameters = (changes: Readonly<Record<string, string>>) => {
    const next = new URLSearchParams({ ...Object.fromEntries(parameters), ...changes })
    navigate(hrefTo(path, next.toString()))
  }
  const otherVersions = options.filter(({ value }) => value !== versionId)
  const base =
    parameters.get('with') ??
    otherVersions.find(({ value }) => Number(value) < Number(versionId))?.value ??
    otherVersions[0]?.value

  return (
    <PageLayout
      title="Image set"
      breadcrumbs={[
        { text: name, href: hrefTo(`datastores/${datastoreId}`) },
        { text: `Image set …${imageSetId.slice(-8)}`, href: hrefTo(path) },
      ]}
    >
      <SpaceBetween size="m">
        <Header
          variant="h1"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              {study !== undefined && (
                <Button href={hrefTo(`datastores/${datastoreId}/studies/${study}`, studyFragment)}>Open study</Button>
              )}
              {study !== undefined && !isDeleting && (
                <DownloadMenu
                  datastoreId={datastoreId}
                  choices={[{ items: [{ studyInstanceUID: study, imageSetId, versionId: versionId! }] }]}
                />
              )}
              <Button
                onClick={() => setDialogOpen(true)}
                disabled={versions.data === undefined || isDeleting || lock !== undefined}
                {...(lock !== undefined && { disabledReason: `The image set is ${lock}.` })}
              >
                Delete image set
              </Button>
            </SpaceBetween>
          }
          info={<LockBadge lock={lock} />}
        >
          Image set
        </Header>
        {versions.error ? (
          <ErrorAlert error={versions.error} resource={{ type: 'image set', id: imageSetId }} onRetry={retry} />
        ) : (
          versionError && (
            <ErrorAlert error={versionError} resource={{ type: 'image set version', id: versionId! }} onRetry={retry} />
          )
        )}
        {isDeleted && (
          <Alert type="info" header="This image set was deleted">
            The image set was deleted at {formatTime(versions.data?.[0]?.deletedAt)}. Its metadata and image frames are
            no longer available.
          </Alert>
        )}
        {versions.isPending && versions.error === null && <Loading what="image set" />}
        {options.length > 0 && (
          <FormField label="Version">
            <Select
              options={options}
              selectedOption={options.find(({ value }) => value === versionId) ?? null}
              onChange={({ detail }) => setParameters({ version: detail.selectedOption.value! })}
              placeholder="Choose a version"
            />
          </FormField>
        )}
        {metadata.data && !isDeleting && <Viewer {...version} document={metadata.data} />}
        {properties.data && <Properties properties={properties.data} document={metadata.data} />}
        {versions.data && !isDeleting && (
          <Tabs
            ariaLabel="Image set details"
            activeTabId={parameters.get('show') ?? 'metadata'}
            onChange={({ detail }) => setParameters({ show: detail.activeTabId })}
            tabs={[
              {
                id: 'metadata',
                label: 'Metadata',
                content: (
                  <Suspense fallback={<Loading what="metadata" />}>
                    {metadata.data ? (
                      <MetadataTree document={metadata.data} />
                    ) : (
                      metadata.error === null && <Loading what="metadata" />
                    )}
                  </Suspense>
                ),
              },
              {
                id: 'changes',
                label: 'Changes',
                content: versionId !== undefined && (
                  <VersionComparison
                    version={version}
                    base={base}
                    options={otherVersions}
                    onBaseChange={(value) => setParameters({ with: value })}
                  />
                ),
              },
              {
                id: 'tags',
                label: 'Tags',
                content: properties.data?.imageSetArn && <Tags arn={properties.data.imageSetArn} />,
              },
            ]}
          />
        )}
        {isDialogOpen && (
          <DeleteImageSet
            datastoreId={datastoreId}
            imageSetId={imageSetId}
            onSent={setDeleteSent}
            onClose={() => setDialogOpen(false)}
          />
        )}
      </SpaceBetween>
    </PageLayout>
  )
}

interface DeleteImageSetProps {
  readonly datastoreId: string
  readonly imageSetId: string
  /** Called with true before the request is sent, and with false if it fails. */
  onSent(isSent: boolean): void
  onClose(): void
}

function DeleteImageSet({ datastoreId, imageSetId, onSent, onClose }: DeleteImageSetProps) {
  const { client } = useApi()
  const queries = useQueryClient()
  const notify = useNotify()
  async function remove() {
    const queryKeys = ['versions', 'image-set', 'metadata'].map((kind) => [kind, datastoreId, imageSetId])
    onSent(true)
    try {
      await Promise.all(queryKeys.map((queryKey) => queries.cancelQueries({ queryKey })))
      await client.send(new DeleteImageSetCommand({ datastoreId, imageSetId }))
    } catch (error) {
      onSent(false)
      throw error
    }
    notify({ type: 'success', text: `Deleting image set ${imageSetId}.` })
    navigate(hrefTo(`datastores/${datastoreId}`))
    for (const queryKey of [['search', datastoreId], ...queryKeys]) queries.removeQueries({ queryKey })
  }
  return (
    <DeleteConfirmation
      resourceType="image set"
      confirmationText="delete"
      consequence="All versions of the image set, with their metadata and image frames, are deleted. You can't undo this action."
      onDelete={remove}
      onClose={onClose}
    />
  )
}

/** Newest first. */
async function listVersions(
  client: Api['client'],
  ids: { datastoreId: string; imageSetId: string },
): Promise<ImageSetProperties[]> {
  const all: ImageSetProperties[] = []
  for await (const page of paginateListImageSetVersions({ client, pageSize: 50 }, ids)) {
    all.push(...(page.imageSetPropertiesList ?? []))
  }
  return all
}

function versionOption(version: ImageSetProperties, isLatest: boolean) {
  const { versionId, ImageSetWorkflowStatus: status = '', updatedAt, createdAt, message } = version
  return {
    value: versionId!,
    label: `Version ${versionId}${isLatest ? ' (latest)' : ''}`,
    description: [formatStatus(status), formatTime(updatedAt ?? createdAt), message].filter(Boolean).join(' · '),
  }
}
