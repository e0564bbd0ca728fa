/** The objects of a study that are drawn on its images: segmentations and presentation states. */
import { useQueries } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useApi } from '../api.ts'
import { documentQuery } from '../metadata/document.ts'
import { type PresentationState, presentationStatesOf } from '../presentation-state/presentation-state.ts'
import { openMaskCache } from '../segmentation/mask-cache.ts'
import type { StudySegmentation } from '../segmentation/SegmentLayer.tsx'
import { type SegmentOf, segmentationsOf } from '../segmentation/segmentation.ts'
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
  /** The segment that was chosen last. */
  const [wanted, setWanted] = useState<SegmentOf>()
  const choose = (keys: readonly string[], isChosen: boolean) => {
    const owner =
      isChosen && keys.length === 1 && segmentations.find(({ segmentation }) => segmentNamed(segmentation, keys))
    if (owner) setWanted({ segmentation: owner.segmentation, number: segmentNamed(owner.segmentation, keys)!.number })
    setChosen((now) => {
      const next = new Set(now)
      for (const key of keys) isChosen ? next.add(key) : next.delete(key)
      return next
    })
  }
  const ofStates = ofModality('PR')
  const foundStates = useQueries({
    queries: ofStates.slice(0, OVERLAY_SERIES_MAX).map((each) => ({
      ...documentQuery(client, versionOf(datastoreId, each)),
      select: presentationStatesOf,
    })),
    combine: dataOf,
  })
  const states = useMemo(() => foundStates.flatMap((each) => each ?? []), [foundStates])
  const [state, setState] = useState<PresentationState>()
  const omittedCount = [all, ofStates].reduce((sum, { length }) => sum + Math.max(0, length - OVERLAY_SERIES_MAX), 0)
  return { segmentations, omittedCount, chosen, choose, wanted, cache, states, state, setState }
}

const segmentNamed = ({ segments }: SegmentOf['segmentation'], [key]: readonly string[]) =>
  segments.find((each) => each.key === key)

const dataOf = <Data>(results: readonly { readonly data: Data | undefined }[]): readonly (Data | undefined)[] =>
  results.map(({ data }) => data)
