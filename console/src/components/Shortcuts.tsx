/** Listens for the keys of every page, and opens their list. */
import { useEffect } from 'react'
import { startSingleKeys, useShortcuts } from '../keyboard/shortcuts.ts'
import { lazyComponent } from './lazy-component.tsx'

const KeysDialog = lazyComponent(async () => (await import('../keyboard/KeysDialog.tsx')).KeysDialog, { loading: null })

export function Shortcuts() {
  const { isHelpOpen } = useShortcuts()
  useEffect(startSingleKeys, [])
  return isHelpOpen && <KeysDialog />
}
