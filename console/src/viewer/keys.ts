/** The keyboard shortcuts of the viewer. */
import { FIT } from './geometry/geometry.ts'
import type { Actions, Tool } from './use-view-state.ts'

interface Shortcut {
  /** KeyboardEvent.key, with the prefix `Shift+` for arrows. */
  readonly keys: readonly string[]
  readonly label: string
  readonly effect: string
  readonly run: (actions: Actions, key: string) => void
}

const IMAGES_PER_PAGE = 10
const PAN_PIXELS = 40
const ZOOM_FACTOR = 1.25
const WINDOW_FRACTION = 0.1

function toolKey(key: string, tool: Tool, effect: string): Shortcut {
  return { keys: [key], label: key.toUpperCase(), effect, run: (actions) => actions.setTool(tool) }
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: ['ArrowDown', 'ArrowRight'], label: '↓ →', effect: 'Next image', run: (actions) => actions.step(1) },
  { keys: ['ArrowUp', 'ArrowLeft'], label: '↑ ←', effect: 'Previous image', run: (actions) => actions.step(-1) },
  {
    keys: ['PageDown'],
    label: 'Page Down',
    effect: 'Forward 10 images',
    run: (actions) => actions.step(IMAGES_PER_PAGE),
  },
  { keys: ['PageUp'], label: 'Page Up', effect: 'Back 10 images', run: (actions) => actions.step(-IMAGES_PER_PAGE) },
  { keys: ['Home'], label: 'Home', effect: 'First image', run: (actions) => actions.goTo(0) },
  { keys: ['End'], label: 'End', effect: 'Last image', run: (actions) => actions.goTo(Number.MAX_SAFE_INTEGER) },
  { keys: [' '], label: 'Space', effect: 'Play or pause', run: (actions) => actions.play() },
  { keys: ['+', '='], label: '+', effect: 'Zoom in', run: (actions) => actions.zoom(ZOOM_FACTOR) },
  { keys: ['-'], label: '−', effect: 'Zoom out', run: (actions) => actions.zoom(1 / ZOOM_FACTOR) },
  {
    keys: ['Shift+ArrowLeft', 'Shift+ArrowRight', 'Shift+ArrowUp', 'Shift+ArrowDown'],
    label: 'Shift + arrows',
    effect: 'Pan',
    run: (actions, key) =>
      actions.pan(
        key.endsWith('Left') ? -PAN_PIXELS : key.endsWith('Right') ? PAN_PIXELS : 0,
        key.endsWith('Up') ? -PAN_PIXELS : key.endsWith('Down') ? PAN_PIXELS : 0,
      ),
  },
  { keys: ['f'], label: 'F', effect: 'Fit to window', run: (actions) => actions.setView(FIT) },
  { keys: ['1'], label: '1', effect: 'Actual size', run: (actions) => actions.setView({ ...FIT, scale: 'actual' }) },
  {
    keys: [']'],
    label: ']',
    effect: 'Increase window width',
    run: (actions) => actions.changeWindow({ wider: WINDOW_FRACTION }),
  },
  {
    keys: ['['],
    label: '[',
    effect: 'Decrease window width',
    run: (actions) => actions.changeWindow({ wider: -WINDOW_FRACTION }),
  },
  {
    keys: ['.'],
    label: '.',
    effect: 'Increase window level',
    run: (actions) => actions.changeWindow({ higher: WINDOW_FRACTION }),
  },
  {
    keys: [','],
    label: ',',
    effect: 'Decrease window level',
    run: (actions) => actions.changeWindow({ higher: -WINDOW_FRACTION }),
  },
  // By the place of the key: see presetIndexOf.
  { keys: [], label: 'Shift + 1 … 9', effect: 'Window preset', run: () => {} },
  toolKey('w', 'window', 'Change the window'),
  toolKey('m', 'magnifier', 'Magnifier'),
  toolKey('d', 'length', 'Measure a length'),
  toolKey('a', 'angle', 'Measure an angle'),
  toolKey('b', 'rectangle', 'Measure the values in a rectangle'),
  toolKey('e', 'ellipse', 'Measure the values in an ellipse'),
  toolKey('v', 'probe', 'Measure the value of a pixel'),
  toolKey('t', 'arrow', 'Draw an arrow with text'),
  { keys: ['o'], label: 'O', effect: 'Turn right', run: (actions) => actions.turn(1) },
  { keys: ['x'], label: 'X', effect: 'Flip left and right', run: (actions) => actions.flip('sideways') },
  { keys: ['y'], label: 'Y', effect: 'Flip top and bottom', run: (actions) => actions.flip('upside-down') },
  { keys: ['i'], label: 'I', effect: 'Invert', run: (actions) => actions.invert() },
  { keys: ['r'], label: 'R', effect: 'Reset', run: (actions) => actions.reset() },
]

/** The index of a window preset, from the digit keys with Shift, which have other characters on each keyboard. -1 for other keys. */
export function presetIndexOf({
  code,
  shiftKey,
  ctrlKey,
  altKey,
  metaKey,
}: PressedKey & { readonly code: string }): number {
  if (!shiftKey || ctrlKey || altKey || metaKey) return -1
  return Number(/^Digit([1-9])$/.exec(code)?.[1] ?? 0) - 1
}

interface PressedKey {
  readonly key: string
  readonly shiftKey: boolean
  readonly ctrlKey: boolean
  readonly altKey: boolean
  readonly metaKey: boolean
}

/** @returns whether the key is a shortcut. Keys with Ctrl, Alt or Command are left to the browser. */
export function pressKey({ key, shiftKey, ctrlKey, altKey, metaKey }: PressedKey, actions: Actions): boolean {
  if (ctrlKey || altKey || metaKey) return false
  const name = key.length === 1 ? key.toLowerCase() : `${shiftKey ? 'Shift+' : ''}${key}`
  const found = SHORTCUTS.find(({ keys }) => keys.includes(name))
  found?.run(actions, name)
  return found !== undefined
}
