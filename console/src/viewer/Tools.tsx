/** The toolbar above the stage. */
import Button from '@cloudscape-design/components/button'
import SegmentedControl from '@cloudscape-design/components/segmented-control'
import Select from '@cloudscape-design/components/select'
import ToggleButton from '@cloudscape-design/components/toggle-button'
import { memo } from 'react'
import { FIT } from './geometry.ts'
import type { Voi } from './pixels/render.ts'
import type { Preset } from './pixels/voi-lut.ts'
import type { Actions, Tool, ViewState } from './use-view-state.ts'

const TOOLS: readonly { readonly id: Tool; readonly text: string }[] = [
  { id: 'window', text: 'Window' },
  { id: 'scroll', text: 'Scroll' },
  { id: 'pan', text: 'Pan' },
  { id: 'zoom', text: 'Zoom' },
]

interface ToolsProps extends Pick<ViewState, 'tool' | 'voi' | 'isInverted' | 'isPlaying'> {
  readonly actions: Actions
  readonly isStack: boolean
  readonly onFullScreen: () => void
  /** Undefined for color images, which have no window. */
  readonly presets: readonly Preset[] | undefined
}

export const Tools = memo(function Tools(props: ToolsProps) {
  const { tool, voi, isInverted, isPlaying, actions, isStack, presets, onFullScreen } = props
  const options = presets && optionsOf(presets)
  const chosen = options?.find((option) => isSameVoi(option.voi, voi))
  return (
    <div className="viewer-tools" role="toolbar" aria-label="Viewer tools">
      <SegmentedControl
        label="Drag tool"
        selectedId={tool}
        options={TOOLS.map((one) => ({ ...one, disabled: isUnavailable(one.id, props) }))}
        onChange={({ detail }) => actions.setTool(detail.selectedId as Tool)}
      />
      {options && (
        <div className="viewer-presets">
          <Select
            ariaLabel="Window preset"
            selectedOption={chosen ?? { label: 'Custom window', value: 'custom' }}
            options={options.map(({ label, value, description }) => ({ label, value, description }))}
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
      <Button iconName="full-screen" onClick={onFullScreen}>
        Full screen
      </Button>
      <Button iconName="undo" onClick={() => actions.reset()}>
        Reset
      </Button>
    </div>
  )
})

const isUnavailable = (tool: Tool, { isStack, presets }: ToolsProps): boolean =>
  (tool === 'window' && presets === undefined) || (tool === 'scroll' && !isStack)

const optionsOf = (
  presets: readonly Preset[],
): readonly { label: string; value: string; description?: string; voi: Voi }[] => [
  { label: 'Default', value: 'stored', voi: { kind: 'stored' } },
  ...presets.map(({ name, voi }, at) => ({
    label: name,
    value: String(at),
    ...(voi.kind === 'window' && { description: `Window ${voi.window.width}, level ${voi.window.center}` }),
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
