/** The objects of a study that are drawn on its images: segmentations. */
import { useQueries } from '@tanstack/react-query'
import { useCallback, useMemo, useState } from 'react'
import { useApi } from '../api.ts'
import { documentQuery } from '../metadata/document.ts'
import { openMaskCache } from '../segmentation/mask-cache.ts'
import type { StudySegmentation } from '../segmentation/SegmentLayer.tsx'
import { segmentationsOf } from '../segmentation/segmentation.ts'
import { OVERLAY_SERIES_MAX } from '../viewer/stack/limits.ts'
import { versionOf } from './image-set-of.ts'
import type { StudySeries } from './use-study-series.ts'

export function useOverlays(datastoreId: string, studies: readonly StudySeries[]) {
  const { client } = useApi()
  const [cache] = useState(openMaskCache)
  const ofModality = (modality: string) =>
    studies.flatMap(({ series = [] }) => series.filter((each) => each.modality === modality))
  const all = ofModality('SEG')
  const versions = all.slice(0, OVERLAY_SERIES_MAX).map((each) => versionOf(datastoreId, each))
  const found = useQueries({
    queries: versions.map((version) => ({ ...documentQuery(client, version), select: segmentationsOf })),
    combine: dataOf,
  })
  const ids = versions.map(({ imageSetId }) => imageSetId).join(' ')
  const segmentations = useMemo(
    () =>
      ids
        .split(' ')
        .flatMap((imageSetId, at): readonly StudySegmentation[] =>
          (found[at] ?? []).map((segmentation) => ({ segmentation, source: { client, datastoreId, imageSetId } })),
        ),
    [ids, found, client, datastoreId],
  )
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const choose = useCallback((keys: readonly string[], isChosen: boolean) => {
    setChosen((now) => {
      const next = new Set(now)
      for (const key of keys) isChosen ? next.add(key) : next.delete(key)
      return next
    })
  }, [])
  return { segmentations, omittedCount: all.length - versions.length, chosen, choose, cache }
}

const dataOf = <Data>(results: readonly { readonly data: Data | undefined }[]): readonly (Data | undefined)[] =>
  results.map(({ data }) => data)
