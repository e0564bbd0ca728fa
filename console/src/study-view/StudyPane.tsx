/** A pane of the study view: one series, or the place for one. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo } from 'react'
import { useApi } from '../api.ts'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { Loading } from '../components/Loading.tsx'
import { documentQuery } from '../metadata/document.ts'
import type { Series } from '../studies/fetch-studies.ts'
import { type Drawn, type Shown, StackPane } from '../viewer/StackPane.tsx'
import { imagesOf } from '../viewer/stack/stack.ts'
import { isVideo } from '../viewer/video.ts'
import { nearestIndex, type Plane, planeOf } from './planes.ts'
import { ReferenceLine } from './ReferenceLine.tsx'

export interface ShownInPane extends Shown {
  readonly plane: Plane | undefined
}

interface StudyPaneProps {
  readonly datastoreId: string
  readonly series: Series
  readonly neighbors: readonly Series[]
  readonly first: Partial<Shown>
  readonly cachedBytesMax: number
  /** Null unless this is the active pane. */
  readonly toolbar: HTMLElement | null
  /** Where the person scrolled to in another pane. */
  readonly scrolledTo: Plane | undefined
  /** The image of the active pane, unless this is it. */
  readonly reference: Plane | undefined
  readonly onShown: (shown: ShownInPane) => void
  readonly onKey: (key: string) => boolean
  readonly onFullScreen: () => void
}

export function StudyPane(props: StudyPaneProps) {
  const { datastoreId, series, neighbors, scrolledTo, reference, onShown } = props
  const { client } = useApi()
  const queries = useQueryClient()
  const version = versionOf(datastoreId, series)
  const metadata = useQuery(documentQuery(client, version))
  const images = useMemo(() => metadata.data && imagesOf(metadata.data), [metadata.data])
  const planes = useMemo(() => images?.map(planeOf) ?? [], [images])
  const linkedIndex = useMemo(() => scrolledTo && nearestIndex(planes, scrolledTo), [planes, scrolledTo])
  const isLoaded = images !== undefined
  useEffect(() => {
    if (!isLoaded) return
    for (const each of neighbors) queries.prefetchQuery(documentQuery(client, versionOf(datastoreId, each)))
  }, [isLoaded, neighbors, queries, client, datastoreId])
  const report = useCallback((shown: Shown) => onShown({ ...shown, plane: planes[shown.index] }), [onShown, planes])
  const lines = useCallback(
    (drawn: Drawn) => reference && <ReferenceLine drawn={drawn} reference={reference} />,
    [reference],
  )
  if (metadata.error) return <ErrorAlert error={metadata.error} onRetry={() => metadata.refetch()} />
  if (images === undefined) return <Loading what="series" />
  if (images.length === 0) return <p className="study-pane-text">This series has no images.</p>
  if (images.some(isVideo)) return <p className="study-pane-text">This series is a video. Open its image set.</p>
  return (
    <StackPane
      {...{ datastoreId, images, linkedIndex, lines }}
      {...{ first: props.first, cachedBytesMax: props.cachedBytesMax, toolbar: props.toolbar }}
      {...{ onKey: props.onKey, onFullScreen: props.onFullScreen }}
      imageSetId={version.imageSetId}
      onShown={report}
    />
  )
}

/** The primary image set has what DICOMweb finds. */
function versionOf(datastoreId: string, { imageSets }: Series) {
  const imageSet = imageSets.find(({ isPrimary }) => isPrimary) ?? imageSets[0]
  return { datastoreId, imageSetId: imageSet?.imageSetId ?? '', versionId: String(imageSet?.version ?? 1) }
}
