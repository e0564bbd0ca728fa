/** The viewer of a stack of images: stage, toolbar, slider and overlay. */
import Spinner from '@cloudscape-design/components/spinner'
import { useCallback, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useApi } from '../api.ts'
import { type Loaded, type Loader, openLoader } from './frames/loader.ts'
import { aspectOf, scaleOf } from './geometry.ts'
import { KeyboardHelp } from './KeyboardHelp.tsx'
import { pressKey } from './keys.ts'
import { ImageError, Overlay } from './Overlay.tsx'
import { frameRateOf } from './overlay-text.ts'
import { isGrey, windowOf } from './pixels/render.ts'
import { pixelFormatOf } from './pixels/stored-values.ts'
import { presetsOf } from './pixels/voi-lut.ts'
import { Stage, usePointers, useSize } from './Stage.tsx'
import type { StackImage } from './stack/stack.ts'
import { Tools } from './Tools.tsx'
import { useCine, useViewState } from './use-view-state.ts'

interface StackViewerProps {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly images: readonly StackImage[]
}

export function StackViewer({ datastoreId, imageSetId, images }: StackViewerProps) {
  const count = images.length
  const { viewState, actions, displayed } = useViewState({ count, first: 0 })
  const loader = useLoader({ datastoreId, imageSetId, images })
  const { voi, isInverted } = viewState
  const isPlaying = viewState.isPlaying && count > 1
  // Another version may have fewer images.
  const index = Math.min(viewState.index, count - 1)
  useEffect(() => loader?.show(index), [loader, index])
  const loaded = useLoaded(loader, index)
  const viewer = useRef<HTMLDivElement>(null)
  const toggleFullScreen = useCallback(() => {
    // Without permission of the browser, nothing changes.
    const change = document.fullscreenElement === null ? viewer.current?.requestFullscreen() : document.exitFullscreen()
    change?.catch(() => {})
  }, [])
  const stage = useRef<HTMLDivElement>(null)
  const size = useSize(stage)
  const image = images[index]!
  const frameRate = frameRateOf(image)
  const nextIndex = (index + 1) % count
  useCine({
    isPlaying,
    frameRate,
    isReady: () => loader !== undefined && loader.at(nextIndex).kind !== 'loading',
    onNext: () => actions.goTo(nextIndex),
  })
  const decoded = loaded.kind === 'shown' ? loaded.decoded : undefined
  const presets = useStable(isGrey(image) ? presetsOf(image) : undefined)
  // Color images have no window to change.
  const tool = presets === undefined && viewState.tool === 'window' ? 'pan' : viewState.tool
  const imageSize = { ...pixelFormatOf(image), aspect: aspectOf(image) }
  const scale = size === undefined ? 1 : scaleOf(viewState.view, { stage: size, image: imageSize })
  const window = decoded && presets && windowOf(image, { decoded, voi })
  useLayoutEffect(() => {
    if (size !== undefined) displayed.current = { scale, window, stage: size }
  })
  usePointers(stage, { tool, actions, displayed })
  const displayLines = [
    ...(loaded.kind === 'shown' && !loaded.isSharp ? ['Preview'] : []),
    ...(isPlaying ? [`${round(frameRate)} frames/s`] : []),
    ...(window === undefined ? [] : [`W ${round(window.width)}  L ${round(window.center)}`]),
    `Zoom ${Math.round(scale * (size?.density ?? 1) * 100)}%`,
  ]

  return (
    <div className="viewer" ref={viewer}>
      <Tools
        {...{ tool, voi, isInverted, isPlaying, actions, presets }}
        isStack={count > 1}
        onFullScreen={toggleFullScreen}
      />
      <div
        ref={stage}
        className={`viewer-stage viewer-stage-${tool}`}
        role="application"
        aria-roledescription="image viewer"
        aria-label={`Image ${index + 1} of ${count}`}
        aria-describedby="viewer-keys"
        data-state={stateOf(loaded)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: role="application" takes keyboard input.
        tabIndex={0}
        onKeyDown={(event) => {
          if (event.target === event.currentTarget && pressKey(event, actions)) event.preventDefault()
        }}
      >
        <Stage {...{ image, decoded, viewState, size, imageSize }} />
        <Overlay {...{ image, index, count, displayLines, isPlaying }} />
        {loaded.kind === 'loading' && (
          <div className="viewer-loading">
            <Spinner size="large" /> Loading image
          </div>
        )}
        {loaded.kind === 'failed' && (
          <ImageError reason={loaded.reason} onRetry={loaded.isFinal ? undefined : () => loader?.retry()} />
        )}
      </div>
      {count > 1 && (
        <input
          className="viewer-slider"
          type="range"
          aria-label="Image"
          aria-valuetext={`Image ${index + 1} of ${count}`}
          min={1}
          max={count}
          value={index + 1}
          onChange={(event) => actions.goTo(Number(event.target.value) - 1)}
        />
      )}
      <KeyboardHelp />
    </div>
  )
}

function useLoader({ datastoreId, imageSetId, images }: StackViewerProps): Loader | undefined {
  const { client } = useApi()
  const [loader, setLoader] = useState<Loader>()
  useEffect(() => {
    const opened = openLoader({ client, datastoreId, imageSetId, images })
    setLoader(opened)
    return () => opened.close()
  }, [client, datastoreId, imageSetId, images])
  return loader
}

/** The previous value if it is equal, so that memoized components don't render again. */
function useStable<Value>(value: Value): Value {
  const last = useRef(value)
  if (JSON.stringify(last.current) !== JSON.stringify(value)) last.current = value
  return last.current
}

const LOADING: Loaded = { kind: 'loading' }
const NEVER = () => () => {}

const useLoaded = (loader: Loader | undefined, index: number): Loaded =>
  useSyncExternalStore(loader?.subscribe ?? NEVER, () => loader?.at(index) ?? LOADING)

const stateOf = (loaded: Loaded): string =>
  loaded.kind === 'shown' ? (loaded.isSharp ? 'sharp' : 'preview') : loaded.kind

/** To three significant digits, or to an integer. */
const round = (value: number): number => (Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)))
