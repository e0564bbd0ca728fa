/** The dialog that lists the keys of the page and those of every page. */
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Modal from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Toggle from '@cloudscape-design/components/toggle'
import { KeyList } from './KeyList.tsx'
import { GENERAL_KEYS, showKeys, turnSingleKeys, useShortcuts } from './shortcuts.ts'

export function KeysDialog() {
  const { groups, areOn } = useShortcuts()
  const close = () => showKeys(false)
  return (
    <Modal
      visible
      size="large"
      onDismiss={close}
      closeAriaLabel="Close"
      header="Keyboard shortcuts"
      footer={
        <Box float="right">
          <Button variant="primary" onClick={close}>
            Close
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="l">
        {[...groups, GENERAL_KEYS].map(({ title, keys }) => (
          <section key={title} aria-label={title}>
            <Header variant="h3">{title}</Header>
            <KeyList keys={keys} />
          </section>
        ))}
        <Toggle
          checked={areOn}
          onChange={({ detail }) => turnSingleKeys(detail.checked)}
          description="Turn them off if you use speech input. This dialog is in the account menu, too."
        >
          Use ? and / as shortcuts
        </Toggle>
      </SpaceBetween>
    </Modal>
  )
}
