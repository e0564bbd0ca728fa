/** What hands can do on the stage, in words, below it. */
import ExpandableSection from '@cloudscape-design/components/expandable-section'
import { memo } from 'react'
import { KEYS } from './keys.ts'

export const Keys = memo(function Keys() {
  return (
    <ExpandableSection headerText="Keys and mouse" variant="footer">
      <p>
        The wheel scrolls through the images, with Control it enlarges. Dragging does what is chosen above; with the
        middle button it moves the image, with the right one it enlarges. Two fingers move and enlarge.
      </p>
      <dl className="viewer-keys" id="viewer-keys">
        {KEYS.map(({ label, does }) => (
          <div key={label}>
            <dt>
              <kbd>{label}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </ExpandableSection>
  )
})
