/** A dialog that deletes a resource after the person typed a confirmation text. */
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import { type ReactNode, useState } from 'react'
import { FormDialog } from './FormDialog.tsx'

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
  const isConfirmed = isReady && typed.trim() === confirmationText
  return (
    <FormDialog
      title={title}
      action={`delete ${resourceType}`}
      submitText={submitText}
      sendingText="Deleting"
      isComplete={isConfirmed}
      onSubmit={async () => {
        await onDelete()
        onClose()
      }}
      onClose={onClose}
    >
      {summary}
      {isReady && <Alert type="warning">{consequence}</Alert>}
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
    </FormDialog>
  )
}
