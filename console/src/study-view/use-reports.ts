/** The measurement reports of the studies in a view: the shapes in them, and saving a new one. */
import { useQueries, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { useApi } from '../api.ts'
import { useNotify } from '../components/Notifications.tsx'
import { errorMessageOf } from '../error-messages.ts'
import { formatNumber } from '../format/size.ts'
import { type SavedShape, savedShapesOf } from '../measurement-report/read-report.ts'
import { documentQuery, type MetadataDocument } from '../metadata/document.ts'
import type { ShapeOnImage } from '../viewer/measure/shapes.ts'
import { REPORTS_MAX } from '../viewer/stack/limits.ts'
import { versionOf } from './image-set-of.ts'
import type { StudySeries } from './use-study-series.ts'

export function useReports(datastoreId: string, studies: readonly StudySeries[]) {
  const api = useApi()
  const queries = useQueryClient()
  const notify = useNotify()
  const reports = studies.flatMap(({ series = [] }) => series.filter(({ modality }) => modality === 'SR'))
  const shapes = useQueries({
    queries: reports.slice(-REPORTS_MAX).map((series) => ({
      ...documentQuery(api.client, versionOf(datastoreId, series)),
      select: shapesOfDocument,
    })),
    combine: allShapes,
  })
  const save = useCallback(
    async (drawn: readonly ShapeOnImage[]): Promise<boolean> => {
      try {
        const { saveReport } = await import('../measurement-report/save-report.ts')
        await saveReport(api, { datastoreId, measurements: drawn })
      } catch (error) {
        const { title, description } = errorMessageOf(error, { action: 'save the measurements' })
        notify({ type: 'error', text: `${title}. ${description}` })
        return false
      }
      const count = drawn.length === 1 ? '1 measurement' : `${formatNumber(drawn.length)} measurements`
      notify({ type: 'success', text: `Saved ${count} as a DICOM SR in the study.` })
      await queries.invalidateQueries({ queryKey: ['study-series', datastoreId] })
      return true
    },
    [api, datastoreId, notify, queries],
  )
  return { shapes, save }
}

const shapesOfDocument = ({ Study }: MetadataDocument): readonly SavedShape[] =>
  Object.values(Study.Series)
    .flatMap((series) => Object.values(series.Instances))
    .flatMap((instance) => savedShapesOf(instance.DICOM))

const NONE: readonly SavedShape[] = []

function allShapes(results: readonly { readonly data: readonly SavedShape[] | undefined }[]): readonly SavedShape[] {
  const all = results.flatMap(({ data = NONE }) => data)
  return all.length === 0 ? NONE : all
}
