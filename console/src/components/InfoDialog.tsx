/** A dialog that shows something and asks nothing. */
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Modal from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { ReactNode } from 'react'

interface InfoDialogProps {
  readonly title: string
  readonly size?: 'medium' | 'large'
  readonly closeText?: string
  /** Beside the button that closes it. */
  readonly actions?: ReactNode
  readonly children: ReactNode
  onClose(): void
}

export function InfoDialog({
  title,
  size = 'medium',
  closeText = 'Close',
  actions,
  children,
  onClose,
}: InfoDialogProps) {
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
            {actions}
            <Button variant="primary" onClick={onClose}>
              {closeText}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {children}
    </Modal>
  )
}
