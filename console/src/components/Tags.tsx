/** The tags of a data store or an image set, and the changes to them. */
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
import { Nothing } from './Nothing.tsx'
import { Problem } from './Problem.tsx'

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
        <Header counter={data && `(${tags.length})`} actions={manage}>
          Tags
        </Header>
      }
    >
      {error && <Problem error={error} again={() => refetch()} />}
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
        empty={<Nothing title="No tags" advice="Tags say what belongs together: a project, a department, who pays." />}
      />
      {isEditing && <TagEditor arn={arn} before={tags} onClose={() => setEditing(false)} onSaved={refetch} />}
    </Container>
  )
}

function TagEditor(props: {
  arn: string
  before: readonly Tag[]
  onClose: () => void
  onSaved: () => Promise<unknown>
}) {
  const { arn, before, onClose, onSaved } = props
  const { client } = useApi()
  const [tags, setTags] = useState(before)
  const [isSaving, setSaving] = useState(false)
  const [error, setError] = useState<unknown>()
  const change = (at: number, part: Partial<Tag>) =>
    setTags(tags.map((tag, index) => (index === at ? { ...tag, ...part } : tag)))
  const faultOf = (at: number): string | undefined => {
    const { key } = tags[at]!
    if (key === '') return 'Enter a key.'
    return tags.findIndex((tag) => tag.key === key) === at ? undefined : 'This key is here already.'
  }
  const isFaulty = tags.some((_, at) => faultOf(at) !== undefined)

  async function save() {
    setSaving(true)
    setError(undefined)
    try {
      const set = tags.filter(({ key, value }) => before.find((tag) => tag.key === key)?.value !== value)
      const gone = before.filter(({ key }) => !tags.some((tag) => tag.key === key)).map(({ key }) => key)
      if (set.length > 0) {
        const wanted = Object.fromEntries(set.map(({ key, value }) => [key, value]))
        await client.send(new TagResourceCommand({ resourceArn: arn, tags: wanted }))
      }
      if (gone.length > 0) await client.send(new UntagResourceCommand({ resourceArn: arn, tagKeys: gone }))
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
            <Button variant="primary" onClick={save} disabled={isFaulty} loading={isSaving} loadingText="Saving">
              Save
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {error !== undefined && <Problem error={error} />}
        <AttributeEditor
          items={tags}
          definition={[
            {
              label: 'Key',
              errorText: (_, at) => faultOf(at),
              control: ({ key }, at) => (
                <Input value={key} onChange={({ detail }) => change(at, { key: detail.value })} />
              ),
            },
            {
              label: 'Value',
              control: ({ value }, at) => (
                <Input value={value} onChange={({ detail }) => change(at, { value: detail.value })} />
              ),
            },
          ]}
          onAddButtonClick={() => setTags([...tags, { key: '', value: '' }])}
          onRemoveButtonClick={({ detail }) => setTags(tags.filter((_, at) => at !== detail.itemIndex))}
          addButtonText="Add a tag"
          removeButtonText="Remove"
          removeButtonAriaLabel={({ key }) => `Remove the tag ${key}`}
          disableAddButton={tags.length >= TAGS_MAX}
          empty="No tags yet."
        />
      </SpaceBetween>
    </Modal>
  )
}
