/** A pane of the study view: one series, or the place for one. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useApi } from '../api.ts'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { Loading } from '../components/Loading.tsx'
import type { SavedShape } from '../measurement-report/read-report.ts'
import { documentQuery, type MetadataDocument } from '../metadata/document.ts'
import type { ImageReference } from '../objects/key-objects.ts'
import { ObjectView } from '../objects/ObjectView.tsx'
import { noteOf } from '../objects/object-kinds.ts'
import { GraphicLayer } from '../presentation-state/GraphicLayer.tsx'
import { type Presentation, presentationOf } from '../presentation-state/presentation-state.ts'
import { SegmentLayer } from '../segmentation/SegmentLayer.tsx'
import { hasSegment } from '../segmentation/segmentation.ts'
import type { Series } from '../studies/fetch-studies.ts'
import type { LoaderPool } from '../viewer/frames/loader-pool.ts'
import { nearestIndex, type Plane, planeOf } from '../viewer/geometry/planes.ts'
import type { Shape, ShapeOnImage } from '../viewer/measure/shapes.ts'
import { type Drawn, type Shown, StackPane } from '../viewer/StackPane.tsx'
import { imagesOf, type StackImage } from '../viewer/stack/stack.ts'
import { textOf } from '../viewer/stack/values.ts'
import { Video } from '../viewer/Video.tsx'
import { isVideo } from '../viewer/video.ts'
import { versionOf } from './image-set-of.ts'
import { ReferenceLine } from './ReferenceLine.tsx'
import type { useOverlays } from './use-overlays.ts'

export interface ShownInPane extends Shown {
  readonly series: Series
  readonly plane: Plane | undefined
}

interface StudyPaneProps {
  readonly datastoreId: string
  readonly series: Series
  readonly neighbors: readonly Series[]
  readonly first: Shown
  readonly cachedBytesMax: number
  readonly pool: LoaderPool
  /** Null unless this is the active pane. */
  readonly toolbar: HTMLElement | null
  /** Where the person scrolled to in another pane. */
  readonly scrolledTo: Plane | undefined
  /** The image of the active pane, unless this is it. */
  readonly reference: Plane | undefined
  /** Of the reports of the study. */
  readonly savedShapes: readonly SavedShape[]
  readonly onSave: (drawn: readonly ShapeOnImage[]) => Promise<boolean>
  readonly onShown: (shown: ShownInPane) => void
  readonly onKey: (key: string) => boolean
  readonly onFullScreen: () => void
  /** Undefined where it fits the image to the pane. */
  readonly onDoubleClick: (() => void) | undefined
  /** Opens an image that an object without images names. */
  readonly onOpenImage: (image: ImageReference) => void
  readonly nameOfSeries: (series: string) => string | undefined
  /** The image to show, when it changes. */
  readonly opened: ImageReference | undefined
  readonly overlays: Overlays
}

export type Overlays = Pick<ReturnType<typeof useOverlays>, 'segmentations' | 'chosen' | 'cache' | 'state' | 'wanted'>

export function StudyPane(props: StudyPaneProps) {
  const { datastoreId, series, neighbors, scrolledTo, reference, pool, onShown } = props
  const { client } = useApi()
  const queries = useQueryClient()
  const version = versionOf(datastoreId, series)
  const metadata = useQuery(documentQuery(client, version))
  const images = metadata.data && imagesOfDocument(metadata.data)
  const planes = useMemo(() => images?.map(planeOf) ?? [], [images])
  const linkedIndex = useMemo(() => scrolledTo && nearestIndex(planes, scrolledTo), [planes, scrolledTo])
  /** Loads the neighbors when the images of this series are there. */
  const preload = useCallback(async () => {
    for (const each of neighbors) {
      const version = versionOf(datastoreId, each)
      const document = await queries.fetchQuery(documentQuery(client, version)).catch(() => undefined)
      const images = document === undefined ? [] : imagesOfDocument(document)
      if (images.length > 0 && !images.some(isVideo)) pool.preload({ client, ...version, images })
    }
  }, [neighbors, queries, client, datastoreId, pool])
  const shownIndex = useRef(0)
  const report = useCallback(
    (shown: Shown) => {
      shownIndex.current = shown.index
      onShown({ ...shown, series, plane: planes[shown.index] })
    },
    [onShown, series, planes],
  )
  const { opened } = props
  const { wanted } = props.overlays
  const isActive = props.toolbar !== null
  const [jump, setJump] = useState<{ readonly index: number }>()
  const jumpTo = useCallback((index: number) => index >= 0 && setJump({ index }), [])
  useEffect(() => {
    if (opened?.series !== series.seriesInstanceUID || images === undefined) return
    jumpTo(images.findIndex((image) => isSameImage(image, opened)))
  }, [images, opened, series, jumpTo])
  // A segment that was chosen and isn't on the image that is shown: the first image with it.
  const known = useRef(wanted)
  useEffect(() => {
    if (known.current === wanted) return
    known.current = wanted
    if (wanted === undefined || images === undefined || !isActive) return
    const isOn = (image: StackImage | undefined) => image !== undefined && hasSegment(image, wanted)
    if (!isOn(images[shownIndex.current])) jumpTo(images.findIndex(isOn))
  }, [wanted, images, isActive, jumpTo])
  const saved = useMemo(() => shapesOn(images ?? [], props.savedShapes), [images, props.savedShapes])
  const { overlays } = props
  const { state } = overlays
  const displayOf = useMemo(() => state && memoized((image: StackImage) => presentationOf(state, image)), [state])
  const lines = useCallback(
    (drawn: Drawn) => (
      <>
        <PresentedGraphics drawn={drawn} presentation={displayOf?.(drawn.image)} />
        {overlays.chosen.size > 0 && <SegmentLayer {...drawn} {...overlays} />}
        {reference && <ReferenceLine drawn={drawn} reference={reference} />}
      </>
    ),
    [reference, overlays, displayOf],
  )
  if (metadata.error) return <ErrorAlert error={metadata.error} onRetry={() => metadata.refetch()} />
  if (metadata.data === undefined || images === undefined) return <Loading what="series" />
  if (images.length === 0) {
    return (
      <ObjectView
        {...{ datastoreId, document: metadata.data }}
        onOpenImage={props.onOpenImage}
        nameOfSeries={props.nameOfSeries}
      />
    )
  }
  if (images.every(isVideo)) {
    return (
      <section className="study-pane-video" aria-label="Videos">
        <Video {...{ datastoreId, imageSetId: version.imageSetId, images }} />
      </section>
    )
  }
  const note = noteOf(images[0]!.instance)
  return (
    <>
      {note !== undefined && <p className="viewer-note">{note}</p>}
      <StackPane
        {...{ datastoreId, images, linkedIndex, lines, saved, jump, displayOf, onSave: props.onSave }}
        {...{ first: props.first, cachedBytesMax: props.cachedBytesMax, toolbar: props.toolbar }}
        {...{ pool, onLoaded: props.toolbar === null ? undefined : preload }}
        {...{ onKey: props.onKey, onFullScreen: props.onFullScreen, onDoubleClick: props.onDoubleClick }}
        imageSetId={version.imageSetId}
        onShown={report}
      />
    </>
  )
}

/** The same for the same document, as the pool of loaders knows a series by its images. */
function imagesOfDocument(document: MetadataDocument): readonly StackImage[] {
  const known = imagesByDocument.get(document) ?? imagesOf(document)
  imagesByDocument.set(document, known)
  return known
}

const imagesByDocument = new WeakMap<MetadataDocument, readonly StackImage[]>()

const PresentedGraphics = ({ drawn, presentation }: { drawn: Drawn; presentation: Presentation | undefined }) =>
  presentation && <GraphicLayer {...drawn} presentation={presentation} />

/** A presentation is made once for each image. */
function memoized<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new WeakMap<Key, { readonly value: Value }>()
  return (key) => {
    const known = made.get(key) ?? { value: make(key) }
    made.set(key, known)
    return known.value
  }
}

const isSameImage = ({ instance, frameNumber }: StackImage, wanted: ImageReference): boolean =>
  textOf(instance.SOPInstanceUID) === wanted.sopInstanceUID && frameNumber === wanted.frameNumber

function shapesOn(images: readonly StackImage[], saved: readonly SavedShape[]): readonly Shape[] {
  if (saved.length === 0) return []
  const keys = new Map(
    images.map(({ key, frameNumber, instance }) => [`${textOf(instance.SOPInstanceUID)}/${frameNumber}`, key]),
  )
  return saved.flatMap(({ sopInstanceUID, frameNumber, kind, points, text }) => {
    const image = keys.get(`${sopInstanceUID}/${frameNumber}`)
    return image === undefined ? [] : [{ kind, points, text, image }]
  })
}
