/** The keys of the viewer, and the words for them. */
import { WHOLE } from './geometry.ts'
import type { Actions } from './use-view-state.ts'

interface Key {
  /** As KeyboardEvent.key has it, after `Shift+` where that is held for arrows. */
  readonly keys: readonly string[]
  readonly label: string
  readonly does: string
  readonly run: (actions: Actions, key: string) => void
}

const PAGE = 10
const PAN = 40
const ZOOM = 1.25
const WINDOW = 0.1

export const KEYS: readonly Key[] = [
  { keys: ['ArrowDown', 'ArrowRight'], label: '↓ →', does: 'next image', run: (actions) => actions.step(1) },
  { keys: ['ArrowUp', 'ArrowLeft'], label: '↑ ←', does: 'previous image', run: (actions) => actions.step(-1) },
  { keys: ['PageDown'], label: 'Page Down', does: 'ten on', run: (actions) => actions.step(PAGE) },
  { keys: ['PageUp'], label: 'Page Up', does: 'ten back', run: (actions) => actions.step(-PAGE) },
  { keys: ['Home'], label: 'Home', does: 'first image', run: (actions) => actions.goTo(0) },
  { keys: ['End'], label: 'End', does: 'last image', run: (actions) => actions.goTo(Number.MAX_SAFE_INTEGER) },
  { keys: [' '], label: 'Space', does: 'play and pause', run: (actions) => actions.play() },
  { keys: ['+', '='], label: '+', does: 'larger', run: (actions) => actions.zoom(ZOOM) },
  { keys: ['-'], label: '−', does: 'smaller', run: (actions) => actions.zoom(1 / ZOOM) },
  {
    keys: ['Shift+ArrowLeft', 'Shift+ArrowRight', 'Shift+ArrowUp', 'Shift+ArrowDown'],
    label: 'Shift + arrows',
    does: 'move the image',
    run: (actions, key) =>
      actions.pan(
        key.endsWith('Left') ? -PAN : key.endsWith('Right') ? PAN : 0,
        key.endsWith('Up') ? -PAN : key.endsWith('Down') ? PAN : 0,
      ),
  },
  { keys: ['f'], label: 'F', does: 'fit to the window', run: (actions) => actions.setView(WHOLE) },
  { keys: ['1'], label: '1', does: 'actual size', run: (actions) => actions.setView({ ...WHOLE, scale: 'actual' }) },
  { keys: [']'], label: ']', does: 'wider window', run: (actions) => actions.changeWindow({ wider: WINDOW }) },
  { keys: ['['], label: '[', does: 'narrower window', run: (actions) => actions.changeWindow({ wider: -WINDOW }) },
  { keys: ['.'], label: '.', does: 'higher level', run: (actions) => actions.changeWindow({ higher: WINDOW }) },
  { keys: [','], label: ',', does: 'lower level', run: (actions) => actions.changeWindow({ higher: -WINDOW }) },
  { keys: ['i'], label: 'I', does: 'invert', run: (actions) => actions.invert() },
  { keys: ['r'], label: 'R', does: 'reset', run: (actions) => actions.reset() },
]

interface Pressed {
  readonly key: string
  readonly shiftKey: boolean
  readonly ctrlKey: boolean
  readonly altKey: boolean
  readonly metaKey: boolean
}

/** Whether the key was one of the viewer's. Those with Control, Alt or Command are the browser's. */
export function pressKey({ key, shiftKey, ctrlKey, altKey, metaKey }: Pressed, actions: Actions): boolean {
  if (ctrlKey || altKey || metaKey) return false
  const name = key.length === 1 ? key.toLowerCase() : `${shiftKey ? 'Shift+' : ''}${key}`
  const found = KEYS.find(({ keys }) => keys.includes(name))
  found?.run(actions, name)
  return found !== undefined
}
