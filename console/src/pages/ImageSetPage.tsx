/** Image set details: its properties and versions, the metadata of the version chosen, what changed, tags, and its end. */
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
import { Frame } from '../components/Frame.tsx'
import { useTell } from '../components/Notices.tsx'
import { Problem } from '../components/Problem.tsx'
import { Tags } from '../components/Tags.tsx'
import { TypedDelete } from '../components/TypedDelete.tsx'
import { timeText } from '../components/times.ts'
import { Waiting } from '../components/Waiting.tsx'
import { lookAgain } from '../look-again.ts'
import { Differences } from '../metadata/Differences.tsx'
import { documentQuery } from '../metadata/document.ts'
import { addressOf, go, usePlace } from '../place.ts'
import { prepareViewer, Viewer } from '../viewer/pictures.ts'
import { useDatastoreName } from './DatastorePage.tsx'
import { Properties } from './image-set/Properties.tsx'

const MetadataTree = lazy(async () => ({ default: (await import('../metadata/MetadataTree.tsx')).MetadataTree }))

/** While it is being copied, updated or deleted, it is looked at again. */
const LOCKED_AGAIN_MS = 1_000

export function ImageSetPage({ datastoreId, imageSetId }: { datastoreId: string; imageSetId: string }) {
  const { client } = useApi()
  const name = useDatastoreName(datastoreId)
  const { path, fragment } = usePlace()
  const words = new URLSearchParams(fragment)
  const wanted = words.get('version') ?? undefined
  const [isDialogOpen, setDialogOpen] = useState(false)
  // Set before DeleteImageSet is sent: a request for metadata or frames that is still open then would end in a 404.
  const [isDeleteSent, setDeleteSent] = useState(false)
  const versions = useQuery({
    queryKey: ['versions', datastoreId, imageSetId],
    queryFn: () => listVersions(client, { datastoreId, imageSetId }),
    enabled: !isDeleteSent,
    refetchInterval: ({ state }) =>
      lookAgain(state, state.data?.[0]?.imageSetState === 'LOCKED' ? LOCKED_AGAIN_MS : undefined),
  })
  const latest = versions.data?.[0]?.versionId
  const versionId = wanted ?? latest
  const properties = useQuery({
    queryKey: ['image-set', datastoreId, imageSetId, versionId, versions.data?.[0]?.imageSetState],
    queryFn: () => client.send(new GetImageSetCommand({ datastoreId, imageSetId, versionId })),
    enabled: versionId !== undefined && !isDeleteSent,
  })
  useEffect(() => {
    // Where it fails, the viewer says so itself.
    prepareViewer().catch(() => {})
  }, [])
  const isGone = versions.data?.[0]?.imageSetState === 'DELETED'
  const isLeaving = isDeleteSent || isGone || versions.data?.[0]?.ImageSetWorkflowStatus === 'DELETING'
  const version = { datastoreId, imageSetId, versionId: versionId ?? '' }
  const metadata = useQuery({ ...documentQuery(client, version), enabled: versionId !== undefined && !isLeaving })
  const error = versions.error ?? properties.error ?? (isLeaving ? null : metadata.error)
  const again = () => [versions, properties, metadata].map((query) => query.refetch())
  const options = (versions.data ?? []).map((each, at) => versionOption(each, at === 0))

  const show = (changed: Readonly<Record<string, string>>) => {
    const next = new URLSearchParams({ ...Object.fromEntries(words), ...changed })
    go(addressOf(path, next.toString()))
  }
  const earlier = options.filter(({ value }) => value !== versionId)
  const base =
    words.get('with') ?? earlier.find(({ value }) => Number(value) < Number(versionId))?.value ?? earlier[0]?.value

  return (
    <Frame
      title="Image set"
      way={[
        { text: name, href: addressOf(`datastores/${datastoreId}`) },
        { text: `Image set …${imageSetId.slice(-8)}`, href: addressOf(path) },
      ]}
    >
      <SpaceBetween size="m">
        <Header
          variant="h1"
          actions={
            <Button onClick={() => setDialogOpen(true)} disabled={versions.data === undefined || isLeaving}>
              Delete image set
            </Button>
          }
        >
          Image set
        </Header>
        {error && <Problem error={error} again={again} />}
        {isGone && (
          <Alert type="info" header="This image set is deleted">
            It was deleted at {timeText(versions.data?.[0]?.deletedAt)}; its metadata and pictures are gone.
          </Alert>
        )}
        {options.length > 0 && (
          <FormField label="Version">
            <Select
              options={options}
              selectedOption={options.find(({ value }) => value === versionId) ?? null}
              onChange={({ detail }) => show({ version: detail.selectedOption.value! })}
              placeholder="This version is not there"
            />
          </FormField>
        )}
        {metadata.data && !isLeaving && <Viewer {...version} document={metadata.data} />}
        {properties.data && <Properties of={properties.data} document={metadata.data} />}
        {versions.data && !isLeaving && (
          <Tabs
            ariaLabel="Image set details"
            activeTabId={words.get('show') ?? 'metadata'}
            onChange={({ detail }) => show({ show: detail.activeTabId })}
            tabs={[
              {
                id: 'metadata',
                label: 'Metadata',
                content: (
                  <Suspense fallback={<Waiting what="the metadata" />}>
                    {metadata.data ? (
                      <MetadataTree document={metadata.data} />
                    ) : (
                      metadata.error === null && <Waiting what="the metadata" />
                    )}
                  </Suspense>
                ),
              },
              {
                id: 'changes',
                label: 'Changes',
                content: versionId !== undefined && (
                  <Differences
                    version={version}
                    base={base}
                    options={earlier}
                    onBase={(value) => show({ with: value })}
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
    </Frame>
  )
}

interface DeleteImageSetProps {
  readonly datastoreId: string
  readonly imageSetId: string
  /** True before the request is sent; false where it failed and the page goes on. */
  onSent(isSent: boolean): void
  onClose(): void
}

function DeleteImageSet({ datastoreId, imageSetId, onSent, onClose }: DeleteImageSetProps) {
  const { client } = useApi()
  const queries = useQueryClient()
  const tell = useTell()
  async function remove() {
    const ofImageSet = ['versions', 'image-set', 'metadata'].map((kind) => [kind, datastoreId, imageSetId])
    onSent(true)
    try {
      await Promise.all(ofImageSet.map((queryKey) => queries.cancelQueries({ queryKey })))
      await client.send(new DeleteImageSetCommand({ datastoreId, imageSetId }))
    } catch (error) {
      onSent(false)
      throw error
    }
    tell({ type: 'success', text: `The image set ${imageSetId} is being deleted.` })
    go(addressOf(`datastores/${datastoreId}`))
    for (const queryKey of [['search', datastoreId], ...ofImageSet]) queries.removeQueries({ queryKey })
  }
  return (
    <TypedDelete
      what="image set"
      word="delete"
      consequence="All its versions go with it, metadata and pictures. Nothing brings them back but another import."
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
  const state = status.charAt(0) + status.slice(1).toLowerCase().replaceAll('_', ' ')
  return {
    value: versionId!,
    label: `Version ${versionId}${isLatest ? ', the latest' : ''}`,
    description: [state, timeText(updatedAt ?? createdAt), message].filter(Boolean).join(' · '),
  }
}
