/** A pane of the study view: one series, or the place for one. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { useApi } from '../api.ts'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { Loading } from '../components/Loading.tsx'
import type { SavedShape } from '../measurement-report/read-report.ts'
import { documentQuery, type MetadataDocument } from '../metadata/document.ts'
import { reportsOf, StructuredReports } from '../structured-report/StructuredReport.tsx'
import type { Series } from '../studies/fetch-studies.ts'
import type { LoaderPool } from '../viewer/frames/loader-pool.ts'
import type { Shape, ShapeOnImage } from '../viewer/measure/shapes.ts'
import { type Drawn, type Shown, StackPane } from '../viewer/StackPane.tsx'
import { imagesOf, type StackImage } from '../viewer/stack/stack.ts'
import { textOf } from '../viewer/stack/values.ts'
import { isVideo } from '../viewer/video.ts'
import { versionOf } from './image-set-of.ts'
import { nearestIndex, type Plane, planeOf } from './planes.ts'
import { ReferenceLine } from './ReferenceLine.tsx'

export interface ShownInPane extends Shown {
  readonly series: Series
  readonly plane: Plane | undefined
}

interface StudyPaneProps {
  readonly datastoreId: string
  readonly series: Series
  readonly neighbors: readonly Series[]
  readonly first: Partial<Shown>
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
}

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
  const report = useCallback(
    (shown: Shown) => onShown({ ...shown, series, plane: planes[shown.index] }),
    [onShown, series, planes],
  )
  const saved = useMemo(() => shapesOn(images ?? [], props.savedShapes), [images, props.savedShapes])
  const lines = useCallback(
    (drawn: Drawn) => reference && <ReferenceLine drawn={drawn} reference={reference} />,
    [reference],
  )
  if (metadata.error) return <ErrorAlert error={metadata.error} onRetry={() => metadata.refetch()} />
  if (metadata.data === undefined || images === undefined) return <Loading what="series" />
  const reports = images.length === 0 ? reportsOf(metadata.data) : []
  if (reports.length > 0) return <StructuredReports reports={reports} />
  if (images.length === 0) return <p className="study-pane-text">This series has no images.</p>
  if (images.some(isVideo)) return <p className="study-pane-text">This series is a video. Open its image set.</p>
  return (
    <StackPane
      {...{ datastoreId, images, linkedIndex, lines, saved, onSave: props.onSave }}
      {...{ first: props.first, cachedBytesMax: props.cachedBytesMax, toolbar: props.toolbar }}
      {...{ pool, onLoaded: props.toolbar === null ? undefined : preload }}
      {...{ onKey: props.onKey, onFullScreen: props.onFullScreen }}
      imageSetId={version.imageSetId}
      onShown={report}
    />
  )
}

/** The same for the same document, as the pool of loaders knows a series by its images. */
function imagesOfDocument(document: MetadataDocument): readonly StackImage[] {
  const known = imagesByDocument.get(document) ?? imagesOf(document)
  imagesByDocument.set(document, known)
  return known
}

const imagesByDocument = new WeakMap<MetadataDocument, readonly StackImage[]>()

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
