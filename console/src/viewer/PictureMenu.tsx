/** The menu that saves or copies the image on the stage as a picture, and what it says beside the pixels. */
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import { useState } from 'react'
import type { WantedPicture } from './use-picture.ts'

const CAN_COPY = typeof ClipboardItem !== 'undefined' && navigator.clipboard !== undefined

interface PictureMenuProps {
  readonly onPicture: (wanted: WantedPicture) => void
  readonly expandToViewport: boolean
}

export function PictureMenu({ onPicture, expandToViewport }: PictureMenuProps) {
  const [hasAnnotations, setAnnotations] = useState(true)
  const [hasPatientText, setPatientText] = useState(false)
  return (
    <ButtonDropdown
      expandToViewport={expandToViewport}
      items={[
        { id: 'save', text: 'Save picture', secondaryText: 'PNG, at the resolution of the image' },
        {
          ...{ id: 'copy', text: 'Copy picture', disabled: !CAN_COPY },
          ...(!CAN_COPY && { disabledReason: 'Browsers copy pictures on pages with HTTPS only.' }),
        },
        {
          text: 'Include',
          items: [
            {
              id: 'annotations',
              text: 'Measurements, sides and window',
              itemType: 'checkbox',
              checked: hasAnnotations,
            },
            { id: 'patient', text: 'Patient and study', itemType: 'checkbox', checked: hasPatientText },
          ],
        },
      ]}
      onItemClick={({ detail: { id } }) => {
        if (id === 'annotations') setAnnotations(!hasAnnotations)
        else if (id === 'patient') setPatientText(!hasPatientText)
        else onPicture({ to: id === 'save' ? 'file' : 'clipboard', hasAnnotations, hasPatientText })
      }}
    >
      Picture
    </ButtonDropdown>
  )
}
