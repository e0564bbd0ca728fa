/** A dialog that deletes a resource after the person typed a confirmation text. */
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import Modal from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type FormEvent, type ReactNode, useState } from 'react'
import { ErrorAlert } from './ErrorAlert.tsx'

interface DeleteConfirmationProps {
  /** `data store`, `image set`. */
  readonly resourceType: string
  readonly confirmationText: string
  readonly consequence: ReactNode
  onDelete(): Promise<unknown>
  onClose(): void
}

export function DeleteConfirmation(props: DeleteConfirmationProps) {
  const { resourceType, confirmationText, consequence, onDelete, onClose } = props
  const [typed, setTyped] = useState('')
  const [isDeleting, setDeleting] = useState(false)
  const [error, setError] = useState<unknown>()
  const isConfirmed = typed.trim() === confirmationText

  async function submit(event: FormEvent) {
    event.preventDefault()
    if (!isConfirmed || isDeleting) return
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
      header={`Delete ${resourceType}`}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={onClose}>Cancel</Button>
            <Button
              variant="primary"
              form="delete-confirmation"
              disabled={!isConfirmed}
              loading={isDeleting}
              loadingText="Deleting"
            >
              Delete
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form id="delete-confirmation" onSubmit={submit}>
        <SpaceBetween size="m">
          <Alert type="warning">{consequence}</Alert>
          {error !== undefined && <ErrorAlert error={error} action={`delete ${resourceType}`} />}
          <FormField
            label={
              <>
                To confirm, type <Box variant="code">{confirmationText}</Box>
              </>
            }
          >
            <Input
              value={typed}
              onChange={({ detail }) => setTyped(detail.value)}
              ariaLabel={`To confirm, type ${confirmationText}`}
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
