/** The mouse, touch and keyboard controls, below the stage. */
import ExpandableSection from '@cloudscape-design/components/expandable-section'
import { memo } from 'react'
import { SHORTCUTS } from './keys.ts'

interface KeyboardHelpProps {
  /** Of the page around the viewer. */
  readonly more?: readonly { readonly label: string; readonly effect: string }[]
}

export const KeyboardHelp = memo(function KeyboardHelp({ more = [] }: KeyboardHelpProps) {
  return (
    <ExpandableSection headerText="Mouse and keyboard controls" variant="footer">
      <p>
        Use the wheel to scroll through the images, or to zoom while you hold Ctrl. Drag to use the selected tool, drag
        with the middle button to pan, and with the right button to zoom. On a touch screen, use two fingers to pan and
        zoom. Drag the end of a measurement to move it, and press Ctrl + Z to undo.
      </p>
      <dl className="viewer-keys" id="viewer-keys">
        {[...SHORTCUTS, ...more].map(({ label, effect }) => (
          <div key={label}>
            <dt>
              <kbd>{label}</kbd>
            </dt>
            <dd>{effect}</dd>
          </div>
        ))}
      </dl>
    </ExpandableSection>
  )
})
