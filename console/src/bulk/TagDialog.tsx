/** Tags that are set on, or removed from, all selected image sets. */
import AttributeEditor from '@cloudscape-design/components/attribute-editor'
import Box from '@cloudscape-design/components/box'
import Input from '@cloudscape-design/components/input'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useApi } from '../api.ts'
import { FormDialog } from '../components/FormDialog.tsx'
import { formatCount } from '../format/size.ts'
import { ContentsSummary } from './ContentsSummary.tsx'
import { changeTags, errorsOfChanges, isValid, TAGS_MAX, type TagChanges } from './change-tags.ts'
import type { BulkDialogProps } from './DeleteDialog.tsx'
import { startTask } from './tasks.ts'
import { useContents } from './use-contents.ts'

export function TagDialog({ datastoreId, datastoreArn, chosen, onStarted, onClose }: BulkDialogProps) {
  const api = useApi()
  const queries = useQueryClient()
  const read = useContents(chosen)
  const [changes, setChanges] = useState<TagChanges>({ set: [{ key: '', value: '' }], remove: [] })
  // Errors of fields that were not used yet are not shown.
  const [isTouched, setTouched] = useState(false)
  const { set, remove } = changes
  const errors = errorsOfChanges(changes)
  const change = (next: Partial<TagChanges>) => {
    setTouched(true)
    setChanges({ ...changes, ...next })
  }
  const changeTag = (index: number, next: Partial<TagChanges['set'][number]>) =>
    change({ set: set.map((tag, at) => (at === index ? { ...tag, ...next } : tag)) })
  const count = read.contents?.imageSetIds.length ?? 0
  const isComplete = count > 0 && datastoreArn !== undefined && set.length + remove.length > 0 && isValid(errors)
  return (
    <FormDialog
      title="Change tags"
      action="change tags"
      submitText={count === 0 ? 'Change tags' : `Change tags of ${formatCount(count, 'image set')}`}
      size="large"
      isComplete={isComplete}
      onSubmit={async () => {
        const imageSetIds = read.contents!.imageSetIds
        startTask({ kind: 'tag', datastoreId, total: count }, async (running) => {
          await changeTags(api, { datastoreArn: datastoreArn!, imageSetIds, changes }, running)
          await queries.invalidateQueries({ queryKey: ['tags'] })
        })
        onStarted()
      }}
      onClose={onClose}
    >
      <ContentsSummary {...read} />
      <Box variant="h3">Tags to set</Box>
      <AttributeEditor
        items={set}
        definition={[
          {
            label: 'Key',
            errorText: (_, index) => isTouched && errors.keys[index],
            control: ({ key }, index) => (
              <Input value={key} onChange={({ detail }) => changeTag(index, { key: detail.value })} />
            ),
          },
          {
            label: 'Value',
            errorText: (_, index) => isTouched && errors.values[index],
            control: ({ value }, index) => (
              <Input value={value} onChange={({ detail }) => changeTag(index, { value: detail.value })} />
            ),
          },
        ]}
        onAddButtonClick={() => change({ set: [...set, { key: '', value: '' }] })}
        onRemoveButtonClick={({ detail }) => change({ set: set.filter((_, at) => at !== detail.itemIndex) })}
        addButtonText="Add tag"
        removeButtonText="Remove"
        removeButtonAriaLabel={({ key }) => `Remove tag ${key}`}
        disableAddButton={set.length >= TAGS_MAX}
        additionalInfo="An existing tag with the same key gets the new value. An image set can have 50 tags."
        empty="No tags to set"
      />
      <Box variant="h3">Tags to remove</Box>
      <AttributeEditor
        items={remove}
        definition={[
          {
            label: 'Key of the tag to remove',
            errorText: (_, index) => isTouched && errors.remove[index],
            control: (key, index) => (
              <Input
                value={key}
                onChange={({ detail }) =>
                  change({ remove: remove.map((one, at) => (at === index ? detail.value : one)) })
                }
              />
            ),
          },
        ]}
        onAddButtonClick={() => change({ remove: [...remove, ''] })}
        onRemoveButtonClick={({ detail }) => change({ remove: remove.filter((_, at) => at !== detail.itemIndex) })}
        addButtonText="Add key to remove"
        removeButtonText="Keep"
        removeButtonAriaLabel={(key) => `Keep the tag ${key}`}
        disableAddButton={remove.length >= TAGS_MAX}
        empty="No tags to remove"
      />
    </FormDialog>
  )
}
