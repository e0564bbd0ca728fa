/** A dialog with a form that sends one request. It stays open with the error if the request fails. */
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Modal from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type FormEvent, type ReactNode, useState } from 'react'
import { ErrorAlert } from './ErrorAlert.tsx'

interface FormDialogProps {
  readonly title: string
  /** Completes "Can't ...". */
  readonly action: string
  readonly submitText: string
  /** While the request runs. */
  readonly sendingText?: string | undefined
  readonly isComplete: boolean
  readonly size?: 'medium' | 'large'
  readonly children: ReactNode
  onSubmit(): Promise<unknown>
  onClose(): void
}

export function FormDialog(props: FormDialogProps) {
  const { title, action, submitText, sendingText, isComplete, size = 'medium', children, onSubmit, onClose } = props
  const [isSending, setSending] = useState(false)
  const [error, setError] = useState<unknown>()

  async function submit(event: FormEvent) {
    event.preventDefault()
    if (!isComplete || isSending) return
    setSending(true)
    setError(undefined)
    try {
      await onSubmit()
    } catch (thrown) {
      setError(thrown)
      setSending(false)
    }
  }

  return (
    <Modal
      visible
      size={size}
      onDismiss={onClose}
      closeAriaLabel="Close"
      header={title}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={onClose}>Cancel</Button>
            <Button
              variant="primary"
              form="form-dialog"
              disabled={!isComplete}
              loading={isSending}
              {...(sendingText !== undefined && { loadingText: sendingText })}
            >
              {submitText}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form id="form-dialog" onSubmit={submit}>
        <SpaceBetween size="m">
          {error !== undefined && <ErrorAlert error={error} action={action} />}
          {children}
        </SpaceBetween>
      </form>
    </Modal>
  )
}
