/** The menu of saved searches, and the dialogs that save and remove them. */
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import Modal from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useState } from 'react'
import { FormDialog } from '../components/FormDialog.tsx'
import { NAME_CHARACTERS_MAX, readSaved, SAVED_SEARCHES_MAX, type SavedSearch, writeSaved } from './saved-searches.ts'
import { fragmentOf, type StudySearch, studySearchOf } from './study-search.ts'

const KEPT =
  'This browser keeps the name and the filters, with a patient’s name or ID if a filter has one. The server doesn’t get them. Everyone who uses this browser profile can read them, also after you sign out.'

interface SavedSearchesProps {
  readonly datastoreId: string
  /** What is saved. */
  readonly search: StudySearch
  onOpen(search: StudySearch): void
}

export function SavedSearches({ datastoreId, search, onOpen }: SavedSearchesProps) {
  const [saved, setSaved] = useState(() => readSaved(datastoreId))
  const [dialog, setDialog] = useState<'save' | 'remove'>()
  const [isRefused, setRefused] = useState(false)

  function change(next: readonly SavedSearch[]): void {
    setRefused(!writeSaved(datastoreId, next))
    setSaved(next)
  }

  return (
    <>
      <ButtonDropdown
        expandToViewport
        items={[
          { id: 'save', text: 'Save this search' },
          { id: 'remove', text: 'Remove saved searches', disabled: saved.length === 0 },
          ...(saved.length === 0
            ? []
            : [{ id: 'saved', text: 'Saved', items: saved.map(({ name }, at) => ({ id: String(at), text: name })) }]),
        ]}
        onItemClick={({ detail: { id } }) => {
          if (id === 'save' || id === 'remove') setDialog(id)
          else onOpen(studySearchOf(saved[Number(id)]!.fragment).search)
        }}
      >
        Saved searches
      </ButtonDropdown>
      {dialog === 'save' && (
        <SaveDialog
          saved={saved}
          onSave={(name) => {
            const others = saved.filter((each) => each.name !== name)
            change([...others, { name, fragment: fragmentOf(search) }])
            setDialog(undefined)
          }}
          onClose={() => setDialog(undefined)}
        />
      )}
      {dialog === 'remove' && (
        <RemoveDialog
          saved={saved}
          onRemove={(removed) => change(saved.filter((each) => each !== removed))}
          onClose={() => setDialog(undefined)}
        />
      )}
      {isRefused && (
        <Modal visible header="Search not saved" closeAriaLabel="Close" onDismiss={() => setRefused(false)}>
          This browser doesn’t keep data of this page. The search stays in the list until the tab is closed.
        </Modal>
      )}
    </>
  )
}

function SaveDialog({
  saved,
  onSave,
  onClose,
}: {
  saved: readonly SavedSearch[]
  onSave: (name: string) => void
  onClose: () => void
}) {
  const [name, setName] = useState('')
  const trimmed = name.trim()
  const isReplaced = saved.some((each) => each.name === trimmed)
  const isFull = saved.length >= SAVED_SEARCHES_MAX && !isReplaced
  const isComplete = trimmed !== '' && trimmed.length <= NAME_CHARACTERS_MAX && !isFull

  return (
    <FormDialog
      title="Save search"
      action="save the search"
      submitText="Save"
      isComplete={isComplete}
      onSubmit={async () => onSave(trimmed)}
      onClose={onClose}
    >
      <Alert type="info">{KEPT}</Alert>
      <FormField
        label="Name of the search"
        errorText={
          isFull
            ? `A data store has up to ${SAVED_SEARCHES_MAX} saved searches. Remove one first.`
            : trimmed.length > NAME_CHARACTERS_MAX && `A name can have up to ${NAME_CHARACTERS_MAX} characters.`
        }
        warningText={isReplaced && 'This replaces the saved search of the same name.'}
      >
        <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus autoComplete={false} />
      </FormField>
    </FormDialog>
  )
}

function RemoveDialog({
  saved,
  onRemove,
  onClose,
}: {
  saved: readonly SavedSearch[]
  onRemove: (removed: SavedSearch) => void
  onClose: () => void
}) {
  return (
    <Modal
      visible
      header="Saved searches"
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button onClick={onClose}>Close</Button>
        </Box>
      }
    >
      <SpaceBetween size="s">
        {saved.length === 0 && <Box>No saved searches</Box>}
        {saved.map((each) => (
          <div key={each.name} className="saved-search">
            <span>{each.name}</span>
            <Button ariaLabel={`Remove ${each.name}`} onClick={() => onRemove(each)}>
              Remove
            </Button>
          </div>
        ))}
      </SpaceBetween>
    </Modal>
  )
}
