/** The state of the key of a data store. */
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import type { KeyStateName } from './use-key-state.ts'

export function KeyState({ state }: { state: KeyStateName }) {
  switch (state) {
    case 'usable':
      return <StatusIndicator>Usable</StatusIndicator>
    case 'refused':
      return <StatusIndicator type="error">Not usable: the data can’t be read or changed</StatusIndicator>
    case 'unknown':
      return <StatusIndicator type="pending">Unknown</StatusIndicator>
  }
}
