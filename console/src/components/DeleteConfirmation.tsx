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
  /** Default: `Delete` and the type. */
  readonly title?: string
  readonly submitText?: string
  /** What is deleted, above the warning. */
  readonly summary?: ReactNode
  /** Whether it is known what is deleted: nothing is asked before. */
  readonly isReady?: boolean
  readonly confirmationText: string
  readonly consequence: ReactNode
  onDelete(): Promise<unknown>
  onClose(): void
}

export function DeleteConfirmation(props: DeleteConfirmationProps) {
  const { resourceType, confirmationText, consequence, summary, isReady = true, onDelete, onClose } = props
  const { title = `Delete ${resourceType}`, submitText = 'Delete' } = props
  const [typed, setTyped] = useState('')
  const [isDeleting, setDeleting] = useState(false)
  const [error, setError] = useState<unknown>()
  const isConfirmed = isReady && typed.trim() === confirmationText

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
      header={title}
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
              {submitText}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form id="delete-confirmation" onSubmit={submit}>
        <SpaceBetween size="m">
          {summary}
          {isReady && <Alert type="warning">{consequence}</Alert>}
          {error !== undefined && <ErrorAlert error={error} action={`delete ${resourceType}`} />}
          {isReady && (
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
          )}
        </SpaceBetween>
      </form>
    </Modal>
  )
}
