/** The presentation states of a study, of which one can be chosen, and what of it is not applied. */
import RadioGroup from '@cloudscape-design/components/radio-group'
import type { PresentationState } from './presentation-state.ts'

interface PresentationListProps {
  readonly states: readonly PresentationState[]
  /** SOPInstanceUID. */
  readonly chosen: string | undefined
  readonly onChoose: (state: PresentationState | undefined) => void
}

const NONE = 'none'

export const PresentationList = ({ states, chosen, onChoose }: PresentationListProps) => (
  <RadioGroup
    ariaLabel="Presentation states"
    value={chosen ?? NONE}
    onChange={({ detail }) => onChoose(states.find(({ sopInstanceUID }) => sopInstanceUID === detail.value))}
    items={[
      { value: NONE, label: 'As stored' },
      ...states.map(({ sopInstanceUID, label, notApplied }) => ({
        value: sopInstanceUID,
        label,
        ...(notApplied.length > 0 && { description: `Not applied: ${notApplied.join(', ')}.` }),
      })),
    ]}
  />
)
