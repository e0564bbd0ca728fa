/** A stack of images: its stage and slider, and its toolbar, which the study view places elsewhere. */
import Spinner from '@cloudscape-design/components/spinner'
import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import { createPortal } from 'react-dom'
import { useApi } from '../api.ts'
import { formatFixed, formatUpTo } from '../format/size.ts'
import type { Loaded, Loader } from './frames/loader.ts'
import { type LoaderPool, NO_POOL } from './frames/loader-pool.ts'
import {
  aspectOf,
  FIT,
  type ImageSize,
  placeOfView,
  type StageSize,
  scaleOf,
  type ViewPlace,
  viewOfPlace,
} from './geometry/geometry.ts'
import {
  type Area,
  type Orientation,
  type Placement,
  placementOf,
  turnedSize,
  viewOfArea,
} from './geometry/orientation.ts'
import { presetIndexOf, pressKey } from './keys.ts'
import { Magnifier } from './Magnifier.tsx'
import { ShapeLayer } from './measure/ShapeLayer.tsx'
import { useShapes } from './measure/shape-store.ts'
import { SHAPE_KINDS, type Shape, type ShapeOnImage } from './measure/shapes.ts'
import { ImageError, Overlay } from './Overlay.tsx'
import { cornersOf, durationMsOf } from './overlay-text.ts'
import { isGrey, type Voi, windowOf } from './pixels/render.ts'
import { pixelFormatOf } from './pixels/stored-values.ts'
import { presetsOf } from './pixels/voi-lut.ts'
import { Stage, usePointers, useSize } from './Stage.tsx'
import { CACHED_FRAME_BYTES_MAX } from './stack/limits.ts'
import type { StackImage } from './stack/stack.ts'
import { Tools } from './Tools.tsx'
import { usePicture } from './use-picture.ts'
import { type Actions, useCine, useViewState, type ViewState } from './use-view-state.ts'

export interface StackSource {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly images: readonly StackImage[]
}

/** What a pane shows. */
export interface Shown {
  readonly index: number
  readonly voi: Voi
  readonly isInverted: boolean
  readonly orientation: Orientation
  /** Undefined: the image fits the stage. */
  readonly place: ViewPlace | undefined
}

interface StackPaneProps extends StackSource {
  readonly first?: Shown | undefined
  /** Of decoded frames in memory. */
  readonly cachedBytesMax?: number
  readonly pool?: Pick<LoaderPool, 'open' | 'release'>
  /** Called when the images around the current one are loaded. */
  readonly onLoaded?: (() => void) | undefined
  /** Where the toolbar is. Undefined: above the stage. Null: nowhere. */
  readonly toolbar?: HTMLElement | null
  readonly onFullScreen: () => void
  /** Of a double click, which otherwise fits the image to the stage. */
  readonly onDoubleClick?: (() => void) | undefined
  readonly onShown?: (shown: Shown) => void
  /** The image to show when the number changes, as the person scrolls another pane. */
  readonly linkedIndex?: number | undefined
  /** The image to show when another object is given. */
  readonly jump?: { readonly index: number } | undefined
  /** @returns whether the key was used */
  readonly onKey?: (key: string) => boolean
  /** Shapes of stored reports, which are drawn and can't be removed. */
  readonly saved?: readonly Shape[]
  /** Stores the shapes that were drawn. @returns whether they are stored */
  readonly onSave?: (drawn: readonly ShapeOnImage[]) => Promise<boolean>
  /** How a chosen presentation state shows an image. */
  readonly displayOf?: ((image: StackImage) => Display | undefined) | undefined
  /** Drawn above the image. */
  readonly lines?: (drawn: Drawn) => ReactNode
}

/** How an image is shown, unless the person changes it. */
export interface Display extends Pick<ViewState, 'voi' | 'isInverted' | 'orientation'> {
  /** Another one is applied. */
  readonly id: string
  /** Undefined for the whole image. */
  readonly area: Area | undefined
}

/** Where an image is on the stage. */
export interface Drawn {
  readonly image: StackImage
  readonly placement: Placement
  readonly size: StageSize
}

export function StackPane(props: StackPaneProps) {
  const { datastoreId, imageSetId, images, first, toolbar, onFullScreen, onShown, linkedIndex } = props
  const count = images.length
  const { viewState, actions, displayed } = useViewState({
    count,
    first: Math.min(first?.index ?? 0, count - 1),
    shown: first && {
      ...{ voi: first.voi, isInverted: first.isInverted, orientation: first.orientation },
      view: viewOfPlace(first.place, globalThis.devicePixelRatio),
    },
  })
  const loader = useLoader(props)
  const { voi, isInverted, view, orientation } = viewState
  const isPlaying = viewState.isPlaying && count > 1
  // Another version may have fewer images.
  const index = Math.min(viewState.index, count - 1)
  useEffect(() => loader?.show(index), [loader, index])
  useEffect(() => {
    if (linkedIndex !== undefined) actions.goTo(linkedIndex)
  }, [actions, linkedIndex])
  const { jump } = props
  useEffect(() => {
    if (jump !== undefined) actions.goTo(jump.index)
  }, [actions, jump])
  const loaded = useLoaded(loader, index)
  const { client } = useApi()
  const { shapes, canUndo, add, replace, remove, forget, undo } = useShapes(client, `${datastoreId}/${imageSetId}`)
  const stage = useRef<HTMLDivElement>(null)
  const size = useSize(stage)
  const image = images[index]!
  const nextIndex = (index + 1) % count
  const durationMs = durationMsOf(image, images[nextIndex]!) / viewState.speed
  useCine({
    isPlaying,
    durationMs,
    isReady: () => loader !== undefined && loader.at(nextIndex).kind !== 'loading',
    onNext: () => actions.goTo(nextIndex),
  })
  const decoded = loaded.kind === 'shown' ? loaded.decoded : undefined
  const presets = useStable(isGrey(image) ? presetsOf(image) : undefined)
  // Color images have no window to change.
  const tool = presets === undefined && viewState.tool === 'window' ? 'pan' : viewState.tool
  const imageSize = { ...pixelFormatOf(image), aspect: aspectOf(image) }
  const scale = size === undefined ? 1 : scaleOf(view, { stage: size, image: turnedSize(imageSize, orientation) })
  const placement = size && placementOf(view, orientation, { stage: size, image: imageSize })
  const window = decoded && presets && windowOf(image, { decoded, voi })
  useLayoutEffect(() => {
    if (size !== undefined) displayed.current = { scale, window, stage: size }
  })
  const isMeasured = size !== undefined
  useEffect(() => {
    if (isMeasured) onShown?.({ index, voi, isInverted, orientation, place: placeOfView(view, scale) })
  }, [onShown, index, voi, isInverted, orientation, view, scale, isMeasured])
  usePointers(stage, { tool, actions, displayed, onDoubleClick: props.onDoubleClick })
  const windowText = window && `W ${round(window.width)}  L ${round(window.center)}`
  const displayLines = [
    ...(loaded.kind === 'shown' && !loaded.isSharp ? ['Preview'] : []),
    ...(isPlaying ? [`${round(1_000 / durationMs)} frames/s`] : []),
    ...(windowText === undefined ? [] : [windowText]),
    `Zoom ${Math.round(scale * (size?.density ?? 1) * 100)}%`,
  ]

  useDisplay(props.displayOf?.(image), { actions, size, imageSize })
  const { saved = NO_SHAPES, onSave } = props
  const save = useCallback(async () => {
    const drawn = shapes.flatMap((shape) => {
      const of = images.find(({ key }) => key === shape.image)
      return of === undefined ? [] : [{ shape, image: of }]
    })
    if (await onSave?.(drawn)) forget(shapes)
  }, [shapes, images, onSave, forget])
  const kind = SHAPE_KINDS.find((each) => each === tool)
  const hasShapes = kind !== undefined || shapes.length > 0 || saved.length > 0
  const onPicture = usePicture(() =>
    loaded.kind === 'shown' && loaded.isSharp
      ? {
          ...{ image, decoded: loaded.decoded, imageSize, orientation, index, windowText },
          corners: cornersOf(image, { index, count }),
          settings: { voi, isInverted },
          shapes: [...saved, ...shapes].filter((shape) => shape.image === image.key),
        }
      : undefined,
  )
  const tools = (
    <Tools
      {...{ tool, voi, isInverted, isPlaying, actions, presets, onFullScreen, onPicture }}
      {...{ speed: viewState.speed, canUndo, onUndo: undo, isStack: count > 1 }}
      onSave={onSave === undefined || shapes.length === 0 ? undefined : save}
    />
  )

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
          if (isUndo(event)) return undo()
          const preset = presets?.[presetIndexOf(event)]
          if (preset !== undefined) return actions.setVoi(preset.voi)
          if (pressKey(event, actions) || isUsed(event, props.onKey)) event.preventDefault()
        }}
      >
        <Stage {...{ image, decoded, viewState, size, imageSize }} />
        {tool === 'magnifier' && <Magnifier {...{ image, decoded, viewState, size, imageSize, scale }} />}
        {placement && props.lines?.({ image, placement, size })}
        {placement && hasShapes && (
          <ShapeLayer
            {...{ image, placement, shapes, saved }}
            decoded={loaded.kind === 'shown' && loaded.isSharp ? loaded.decoded : undefined}
            kind={kind}
            onAdd={add}
            onReplace={replace}
            onRemove={remove}
          />
        )}
        <Overlay {...{ image, index, count, displayLines, isPlaying, orientation }} />
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

const isUndo = ({ key, ctrlKey, metaKey }: KeyboardEvent): boolean => key.toLowerCase() === 'z' && (ctrlKey || metaKey)

const isUsed = ({ key, ctrlKey, altKey, metaKey }: KeyboardEvent, onKey: StackPaneProps['onKey']): boolean =>
  !ctrlKey && !altKey && !metaKey && onKey?.(key) === true

function useLoader(props: StackPaneProps): Loader | undefined {
  const { datastoreId, imageSetId, images, pool = NO_POOL, cachedBytesMax = CACHED_FRAME_BYTES_MAX, onLoaded } = props
  const { client } = useApi()
  const [loader, setLoader] = useState<Loader>()
  useEffect(() => {
    const source = { client, datastoreId, imageSetId, images }
    const opened = pool.open(source)
    setLoader(opened)
    return () => pool.release(source, opened)
  }, [client, datastoreId, imageSetId, images, pool])
  useEffect(() => loader?.limit(cachedBytesMax), [loader, cachedBytesMax])
  useEffect(() => {
    if (loader === undefined || onLoaded === undefined) return
    const report = () => loader.isComplete() && onLoaded()
    report()
    return loader.subscribe(report)
  }, [loader, onLoaded])
  return loader
}

/** Applies a display once, when the stage is measured, and ends with what the viewer shows without one. */
function useDisplay(
  display: Display | undefined,
  { actions, size, imageSize }: { actions: Actions; size: StageSize | undefined; imageSize: ImageSize },
): void {
  const applied = useRef<string>(undefined)
  useEffect(() => {
    if (size === undefined || display?.id === applied.current) return
    applied.current = display?.id
    if (display === undefined) return actions.reset()
    const { voi, isInverted, orientation, area } = display
    const view = area === undefined ? FIT : viewOfArea(area, orientation, { stage: size, image: imageSize })
    actions.present({ voi, isInverted, orientation, view })
  })
}

/** The previous value if it is equal, so that memoized components don't render again. */
function useStable<Value>(value: Value): Value {
  const last = useRef(value)
  if (JSON.stringify(last.current) !== JSON.stringify(value)) last.current = value
  return last.current
}

const NO_SHAPES: readonly Shape[] = []
const LOADING: Loaded = { kind: 'loading' }
const NEVER = () => () => {}

const useLoaded = (loader: Loader | undefined, index: number): Loaded =>
  useSyncExternalStore(loader?.subscribe ?? NEVER, () => loader?.at(index) ?? LOADING)

const stateOf = (loaded: Loaded): string =>
  loaded.kind === 'shown' ? (loaded.isSharp ? 'sharp' : 'preview') : loaded.kind

/** To three significant digits, or to an integer. */
const round = (value: number): string =>
  Math.abs(value) >= 100 ? formatFixed(value, 0) : formatUpTo(Number(value.toPrecision(3)), 10)
