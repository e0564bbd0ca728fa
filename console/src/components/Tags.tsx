/** The tags of a data store or an image set, and the dialog that edits them. */
import { ListTagsForResourceCommand, TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-medical-imaging'
import AttributeEditor from '@cloudscape-design/components/attribute-editor'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import Modal from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useApi } from '../api.ts'
import { formatNumber } from '../format/size.ts'
import { EmptyState } from './EmptyState.tsx'
import { ErrorAlert } from './ErrorAlert.tsx'

interface Tag {
  readonly key: string
  readonly value: string
}

const TAGS_MAX = 50

export function Tags({ arn }: { arn: string }) {
  const { client } = useApi()
  const [isEditing, setEditing] = useState(false)
  const { data, error, refetch, isPending } = useQuery({
    queryKey: ['tags', arn],
    queryFn: async () => (await client.send(new ListTagsForResourceCommand({ resourceArn: arn }))).tags ?? {},
  })
  const tags = Object.entries(data ?? {}).map(([key, value]): Tag => ({ key, value }))
  const manage = (
    <Button onClick={() => setEditing(true)} disabled={data === undefined}>
      Manage tags
    </Button>
  )
  return (
    <Container
      header={
        <Header counter={data && `(${formatNumber(tags.length)})`} actions={manage}>
          Tags
        </Header>
      }
    >
      {error && <ErrorAlert error={error} action="load tags" onRetry={() => refetch()} />}
      <Table
        variant="embedded"
        columnDefinitions={[
          { id: 'key', header: 'Key', cell: ({ key }) => key, isRowHeader: true },
          { id: 'value', header: 'Value', cell: ({ value }) => value || '–' },
        ]}
        items={tags}
        trackBy="key"
        loading={isPending && error === null}
        loadingText="Loading tags"
        empty={
          <EmptyState
            title="No tags"
            description="Tags are labels that help you organize resources, for example by project or department."
          />
        }
      />
      {isEditing && <TagEditor arn={arn} saved={tags} onClose={() => setEditing(false)} onSaved={refetch} />}
    </Container>
  )
}

function TagEditor(props: {
  arn: string
  saved: readonly Tag[]
  onClose: () => void
  onSaved: () => Promise<unknown>
}) {
  const { arn, saved, onClose, onSaved } = props
  const { client } = useApi()
  const [tags, setTags] = useState(saved)
  const [isSaving, setSaving] = useState(false)
  const [error, setError] = useState<unknown>()
  const change = (index: number, changes: Partial<Tag>) =>
    setTags(tags.map((tag, at) => (at === index ? { ...tag, ...changes } : tag)))
  const errorOf = (index: number): string | undefined => {
    const { key } = tags[index]!
    if (key === '') return 'Enter a key.'
    return tags.findIndex((tag) => tag.key === key) === index ? undefined : 'Enter a unique key.'
  }
  const isInvalid = tags.some((_, index) => errorOf(index) !== undefined)

  async function save() {
    setSaving(true)
    setError(undefined)
    try {
      const changed = tags.filter(({ key, value }) => saved.find((tag) => tag.key === key)?.value !== value)
      const removed = saved.filter(({ key }) => !tags.some((tag) => tag.key === key)).map(({ key }) => key)
      if (changed.length > 0) {
        const tagsToSet = Object.fromEntries(changed.map(({ key, value }) => [key, value]))
        await client.send(new TagResourceCommand({ resourceArn: arn, tags: tagsToSet }))
      }
      if (removed.length > 0) await client.send(new UntagResourceCommand({ resourceArn: arn, tagKeys: removed }))
      await onSaved()
      onClose()
    } catch (thrown) {
      setError(thrown)
      setSaving(false)
    }
  }

  return (
    <Modal
      visible
      size="large"
      onDismiss={onClose}
      closeAriaLabel="Close"
      header="Manage tags"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={onClose}>Cancel</Button>
            <Button variant="primary" onClick={save} disabled={isInvalid} loading={isSaving} loadingText="Saving">
              Save changes
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {error !== undefined && <ErrorAlert error={error} action="save tags" />}
        <AttributeEditor
          items={tags}
          definition={[
            {
              label: 'Key',
              errorText: (_, index) => errorOf(index),
              control: ({ key }, index) => (
                <Input value={key} onChange={({ detail }) => change(index, { key: detail.value })} />
              ),
            },
            {
              label: 'Value',
              control: ({ value }, index) => (
                <Input value={value} onChange={({ detail }) => change(index, { value: detail.value })} />
              ),
            },
          ]}
          onAddButtonClick={() => setTags([...tags, { key: '', value: '' }])}
          onRemoveButtonClick={({ detail }) => setTags(tags.filter((_, index) => index !== detail.itemIndex))}
          addButtonText="Add tag"
          removeButtonText="Remove"
          removeButtonAriaLabel={({ key }) => `Remove tag ${key}`}
          disableAddButton={tags.length >= TAGS_MAX}
          empty="No tags"
        />
      </SpaceBetween>
    </Modal>
  )
}
