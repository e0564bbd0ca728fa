/** The toolbar above the stage. */
import Button from '@cloudscape-design/components/button'
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import SegmentedControl from '@cloudscape-design/components/segmented-control'
import Select from '@cloudscape-design/components/select'
import ToggleButton from '@cloudscape-design/components/toggle-button'
import { memo } from 'react'
import { FIT } from './geometry/geometry.ts'
import { PictureMenu } from './PictureMenu.tsx'
import type { Voi } from './pixels/render.ts'
import type { Preset } from './pixels/voi-lut.ts'
import { useOneRow } from './use-one-row.ts'
import type { WantedPicture } from './use-picture.ts'
import type { Actions, Tool, ViewState } from './use-view-state.ts'

const TOOLS: readonly { readonly id: Tool; readonly text: string }[] = [
  { id: 'window', text: 'Window' },
  { id: 'scroll', text: 'Scroll' },
  { id: 'pan', text: 'Pan' },
  { id: 'zoom', text: 'Zoom' },
]

const MEASURING_TOOLS: readonly { readonly id: Tool; readonly text: string }[] = [
  { id: 'length', text: 'Length' },
  { id: 'angle', text: 'Angle' },
  { id: 'rectangle', text: 'Rectangle' },
  { id: 'ellipse', text: 'Ellipse' },
  { id: 'probe', text: 'Pixel value' },
  { id: 'arrow', text: 'Arrow with text' },
  { id: 'magnifier', text: 'Magnifier' },
]

const TURNS: readonly { readonly id: string; readonly text: string; readonly run: (actions: Actions) => void }[] = [
  { id: 'right', text: 'Turn right', run: (actions) => actions.turn(1) },
  { id: 'left', text: 'Turn left', run: (actions) => actions.turn(-1) },
  { id: 'sideways', text: 'Flip left and right', run: (actions) => actions.flip('sideways') },
  { id: 'upside-down', text: 'Flip top and bottom', run: (actions) => actions.flip('upside-down') },
]

const SPEEDS = [0.25, 0.5, 1, 2, 4].map((speed) => ({ value: String(speed), label: `Speed ${speed} ×` }))

interface ToolsProps extends Pick<ViewState, 'tool' | 'voi' | 'isInverted' | 'isPlaying' | 'speed'> {
  readonly actions: Actions
  readonly isStack: boolean
  readonly canUndo: boolean
  readonly onUndo: () => void
  /** Undefined if there is nothing to save, or no place for it. */
  readonly onSave: (() => void) | undefined
  readonly onFullScreen: () => void
  readonly onPicture: (wanted: WantedPicture) => void
  /** Undefined for color images, which have no window. */
  readonly presets: readonly Preset[] | undefined
}

export const Tools = memo(function Tools(props: ToolsProps) {
  const { tool, voi, isInverted, isPlaying, speed, actions, isStack, presets } = props
  const { canUndo, onUndo, onSave, onFullScreen, onPicture } = props
  const isOneRow = useOneRow()
  const measuring = MEASURING_TOOLS.find(({ id }) => id === tool)
  const options = presets && optionsOf(presets)
  const chosen = options?.find((option) => isSameVoi(option.voi, voi))
  return (
    <div className="viewer-tools" role="toolbar" aria-label="Viewer tools">
      <SegmentedControl
        label="Drag tool"
        selectedId={measuring === undefined ? tool : null}
        options={TOOLS.map((one) => ({ ...one, disabled: isUnavailable(one.id, props) }))}
        onChange={({ detail }) => actions.setTool(detail.selectedId as Tool)}
      />
      <ButtonDropdown
        expandToViewport={isOneRow}
        items={[
          {
            text: 'Tools',
            items: MEASURING_TOOLS.map((one) => ({ ...one, itemType: 'checkbox', checked: one.id === tool })),
          },
          { id: 'undo', text: 'Undo', disabled: !canUndo },
          { id: 'save', text: 'Save as DICOM SR', disabled: onSave === undefined },
        ]}
        onItemClick={({ detail: { id } }) => {
          if (id === 'undo') onUndo()
          else if (id === 'save') onSave?.()
          else actions.setTool(id as Tool)
        }}
      >
        {measuring?.text ?? 'Measure'}
      </ButtonDropdown>
      {options && (
        <div className="viewer-presets">
          <Select
            ariaLabel="Window preset"
            expandToViewport={isOneRow}
            selectedOption={chosen ?? { label: 'Custom window', value: 'custom' }}
            options={options.map(({ voi: _, ...option }) => option)}
            onChange={({ detail }) => {
              const next = options.find(({ value }) => value === detail.selectedOption.value)
              if (next !== undefined) actions.setVoi(next.voi)
            }}
          />
        </div>
      )}
      <div className="viewer-buttons">
        <Button iconName="zoom-out" variant="icon" ariaLabel="Zoom out" onClick={() => actions.zoom(1 / 1.25)} />
        <Button iconName="zoom-in" variant="icon" ariaLabel="Zoom in" onClick={() => actions.zoom(1.25)} />
        <Button iconName="zoom-to-fit" variant="icon" ariaLabel="Fit to window" onClick={() => actions.setView(FIT)} />
      </div>
      <Button onClick={() => actions.setView({ ...FIT, scale: 'actual' })} ariaLabel="1:1, actual size">
        1:1
      </Button>
      <ToggleButton pressed={isInverted} onChange={() => actions.invert()}>
        Invert
      </ToggleButton>
      <ButtonDropdown
        expandToViewport={isOneRow}
        items={TURNS.map(({ id, text }) => ({ id, text }))}
        onItemClick={({ detail }) => TURNS.find(({ id }) => id === detail.id)?.run(actions)}
      >
        Turn
      </ButtonDropdown>
      <PictureMenu onPicture={onPicture} expandToViewport={isOneRow} />
      {isStack && (
        <ToggleButton
          pressed={isPlaying}
          iconName="play"
          pressedIconName="pause"
          onChange={({ detail }) => actions.play(detail.pressed)}
        >
          {isPlaying ? 'Pause' : 'Play'}
        </ToggleButton>
      )}
      {isStack && (isPlaying || speed !== 1) && (
        <Select
          ariaLabel="Speed"
          expandToViewport={isOneRow}
          selectedOption={SPEEDS.find(({ value }) => value === String(speed)) ?? null}
          options={SPEEDS}
          onChange={({ detail }) => actions.setSpeed(Number(detail.selectedOption.value))}
        />
      )}
      <div className="viewer-buttons">
        <Button iconName="full-screen" variant="icon" ariaLabel="Full screen" onClick={onFullScreen} />
        <Button iconName="refresh" variant="icon" ariaLabel="Reset" onClick={() => actions.reset()} />
      </div>
    </div>
  )
})

const isUnavailable = (tool: Tool, { isStack, presets }: ToolsProps): boolean =>
  (tool === 'window' && presets === undefined) || (tool === 'scroll' && !isStack)

const PRESET_KEYS_MAX = 9

const optionsOf = (
  presets: readonly Preset[],
): readonly { label: string; value: string; description?: string; labelTag?: string; voi: Voi }[] => [
  { label: 'Default', value: 'stored', voi: { kind: 'stored' } },
  ...presets.map(({ name, voi }, at) => ({
    label: name,
    value: String(at),
    ...(voi.kind === 'window' && { description: `Window ${voi.window.width}, level ${voi.window.center}` }),
    ...(at < PRESET_KEYS_MAX && { labelTag: `Shift+${at + 1}` }),
    voi,
  })),
  { label: 'Full range', value: 'full', voi: { kind: 'full' } },
]

function isSameVoi(a: Voi, b: Voi): boolean {
  if (a.kind === 'window' && b.kind === 'window') {
    return a.window.center === b.window.center && a.window.width === b.window.width
  }
  return a.kind === 'table' && b.kind === 'table' ? a.index === b.index : a.kind === b.kind
}
