/** The series of a study as thumbnails, which are clicked or dragged into a pane. */
import { formatNumber } from '../format/size.ts'
import type { Series } from '../studies/fetch-studies.ts'
import { Thumbnail } from '../viewer/lazy-viewer.ts'
import { imageSetOf } from './image-set-of.ts'

/** The type of what is dragged into a pane. */
const DRAGGED = 'application/x-hilum-series'

interface SeriesListProps {
  readonly datastoreId: string
  readonly study: string
  readonly series: readonly Series[]
  /** Shown in a pane. */
  readonly shown: ReadonlySet<string>
  readonly onChoose: (series: string) => void
}

export function SeriesList({ datastoreId, study, series, shown, onChoose }: SeriesListProps) {
  return (
    <ul className="series-list">
      {series.map((each) => (
        <li key={each.seriesInstanceUID}>
          <button
            type="button"
            className="series-button"
            aria-current={shown.has(each.seriesInstanceUID)}
            draggable
            onClick={() => onChoose(each.seriesInstanceUID)}
            onDragStart={({ dataTransfer }) => {
              dataTransfer.setData(DRAGGED, `${each.seriesInstanceUID}@${study}`)
              dataTransfer.effectAllowed = 'copy'
            }}
          >
            <Thumbnail datastoreId={datastoreId} imageSetId={imageSetOf(each)?.imageSetId ?? ''} />
            <span className="series-text">
              <strong>{[each.number, each.modality].filter(Boolean).join(' · ')}</strong>
              <span>{each.description}</span>
              {each.instanceCount !== undefined && <span>{countText(each.instanceCount)}</span>}
            </span>
          </button>
        </li>
      ))}
    </ul>
  )
}

const countText = (count: number): string => (count === 1 ? '1 instance' : `${formatNumber(count)} instances`)

export const isSeriesDragged = ({ types }: DataTransfer): boolean => types.includes(DRAGGED)

export function draggedSeries(data: DataTransfer): { readonly series: string; readonly study: string } | undefined {
  const [series, study] = data.getData(DRAGGED).split('@')
  return series && study ? { series, study } : undefined
}
