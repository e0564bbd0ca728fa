/** A deletion that nobody does by a slip: the word that names the thing must be typed. */
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import Modal from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Problem } from './Problem.tsx'

interface TypedDeleteProps {
  /** `data store`, `image set`. */
  readonly what: string
  readonly word: string
  readonly consequence: ReactNode
  onDelete(): Promise<unknown>
  onClose(): void
}

export function TypedDelete({ what, word, consequence, onDelete, onClose }: TypedDeleteProps) {
  const [typed, setTyped] = useState('')
  const [isDeleting, setDeleting] = useState(false)
  const [error, setError] = useState<unknown>()
  const isMeant = typed.trim() === word

  async function submit(event: FormEvent) {
    event.preventDefault()
    if (!isMeant || isDeleting) return
    setDeleting(true)
    setError(undefined)
    try {
      await onDelete()
      onClose()
    } catch (thrown) {
      setError(thrown)
      setDeleting(false)
    }
  }

  return (
    <Modal
      visible
      onDismiss={onClose}
      closeAriaLabel="Close"
      header={`Delete this ${what}?`}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={onClose}>Cancel</Button>
            <Button
              variant="primary"
              form="typed-delete"
              disabled={!isMeant}
              loading={isDeleting}
              loadingText="Deleting"
            >
              Delete
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form id="typed-delete" onSubmit={submit}>
        <SpaceBetween size="m">
          <Alert type="warning">{consequence}</Alert>
          {error !== undefined && <Problem error={error} />}
          <FormField
            label={
              <>
                To confirm, type <Box variant="code">{word}</Box>
              </>
            }
          >
            <Input
              value={typed}
              onChange={({ detail }) => setTyped(detail.value)}
              ariaLabel={`Type ${word} to confirm`}
              autoComplete={false}
              spellcheck={false}
              autoFocus
            />
          </FormField>
        </SpaceBetween>
      </form>
    </Modal>
  )
}
