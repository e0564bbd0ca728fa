/** The mouse, touch and keyboard controls, below the stage. */
import ExpandableSection from '@cloudscape-design/components/expandable-section'
import { memo, useMemo } from 'react'
import { KeyList } from '../keyboard/KeyList.tsx'
import { type KeyDescription, usePageKeys } from '../keyboard/shortcuts.ts'
import { SHORTCUTS } from './keys.ts'

interface KeyboardHelpProps {
  /** Of the page around the viewer. */
  readonly more?: readonly KeyDescription[]
}

const NONE: readonly KeyDescription[] = []

export const KeyboardHelp = memo(function KeyboardHelp({ more = NONE }: KeyboardHelpProps) {
  const group = useMemo(() => ({ title: 'While the image has the focus', keys: [...SHORTCUTS, ...more] }), [more])
  usePageKeys(group)
  return (
    <ExpandableSection headerText="Mouse and keyboard controls" variant="footer">
      <p>
        Use the wheel to scroll through the images, or to zoom while you hold Ctrl. Drag to use the selected tool, drag
        with the middle button to pan, and with the right button to zoom. On a touch screen, use two fingers to pan and
        zoom. Drag the end of a measurement to move it, and press Ctrl + Z to undo.
      </p>
      <KeyList id="viewer-keys" keys={group.keys} />
    </ExpandableSection>
  )
})
