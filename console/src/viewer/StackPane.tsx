/** A stack of images: its stage and slider, and its toolbar, which the study view places elsewhere. */
import Spinner from '@cloudscape-design/components/spinner'
import {
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import { createPortal } from 'react-dom'
import { useApi } from '../api.ts'
import { type Loaded, type Loader, openLoader } from './frames/loader.ts'
import { aspectOf, type ImageSize, type StageSize, scaleOf, type View } from './geometry.ts'
import { pressKey } from './keys.ts'
import { ImageError, Overlay } from './Overlay.tsx'
import { frameRateOf } from './overlay-text.ts'
import { isGrey, type Voi, windowOf } from './pixels/render.ts'
import { pixelFormatOf } from './pixels/stored-values.ts'
import { presetsOf } from './pixels/voi-lut.ts'
import { Stage, usePointers, useSize } from './Stage.tsx'
import type { StackImage } from './stack/stack.ts'
import { Tools } from './Tools.tsx'
import { useCine, useViewState } from './use-view-state.ts'

export interface StackSource {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly images: readonly StackImage[]
}

/** What a pane shows. */
export interface Shown {
  readonly index: number
  readonly voi: Voi
}

interface StackPaneProps extends StackSource {
  readonly first?: Partial<Shown> | undefined
  readonly cachedBytesMax?: number | undefined
  /** Where the toolbar is. Undefined: above the stage. Null: nowhere. */
  readonly toolbar?: HTMLElement | null
  readonly onFullScreen: () => void
  readonly onShown?: (shown: Shown) => void
  /** The image to show when the number changes, as the person scrolls another pane. */
  readonly linkedIndex?: number | undefined
  /** @returns whether the key was used */
  readonly onKey?: (key: string) => boolean
  /** Drawn above the image. */
  readonly lines?: (drawn: Drawn) => ReactNode
}

/** Where an image is on the stage. */
export interface Drawn {
  readonly image: StackImage
  readonly view: View
  readonly size: StageSize
  readonly imageSize: ImageSize
}

export function StackPane(props: StackPaneProps) {
  const { datastoreId, imageSetId, images, first, cachedBytesMax, toolbar, onFullScreen, onShown, linkedIndex } = props
  const count = images.length
  const { viewState, actions, displayed } = useViewState({
    count,
    first: Math.min(first?.index ?? 0, count - 1),
    voi: first?.voi,
  })
  const loader = useLoader({ datastoreId, imageSetId, images, cachedBytesMax })
  const { voi, isInverted } = viewState
  const isPlaying = viewState.isPlaying && count > 1
  // Another version may have fewer images.
  const index = Math.min(viewState.index, count - 1)
  useEffect(() => loader?.show(index), [loader, index])
  useEffect(() => onShown?.({ index, voi }), [onShown, index, voi])
  useEffect(() => {
    if (linkedIndex !== undefined) actions.goTo(linkedIndex)
  }, [actions, linkedIndex])
  const loaded = useLoaded(loader, index)
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

  const tools = <Tools {...{ tool, voi, isInverted, isPlaying, actions, presets, onFullScreen }} isStack={count > 1} />

  return (
    <>
      {toolbar === undefined ? tools : toolbar && createPortal(tools, toolbar)}
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
          if (event.target !== event.currentTarget) return
          if (pressKey(event, actions) || isUsed(event, props.onKey)) event.preventDefault()
        }}
      >
        <Stage {...{ image, decoded, viewState, size, imageSize }} />
        {size && props.lines?.({ image, view: viewState.view, size, imageSize })}
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
    </>
  )
}

const isUsed = ({ key, ctrlKey, altKey, metaKey }: KeyboardEvent, onKey: StackPaneProps['onKey']): boolean =>
  !ctrlKey && !altKey && !metaKey && onKey?.(key) === true

function useLoader({
  datastoreId,
  imageSetId,
  images,
  cachedBytesMax,
}: StackSource & Pick<StackPaneProps, 'cachedBytesMax'>): Loader | undefined {
  const { client } = useApi()
  const [loader, setLoader] = useState<Loader>()
  useEffect(() => {
    const opened = openLoader({ client, datastoreId, imageSetId, images, cachedBytesMax })
    setLoader(opened)
    return () => opened.close()
  }, [client, datastoreId, imageSetId, images, cachedBytesMax])
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
