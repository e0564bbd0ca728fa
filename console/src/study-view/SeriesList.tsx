/** The series of a study as thumbnails, which are clicked or dragged into a pane. */
import { formatNumber } from '../format/size.ts'
import type { Series } from '../studies/fetch-studies.ts'
import { Thumbnail } from '../viewer/lazy-viewer.ts'

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
      {series.map(({ seriesInstanceUID: uid, modality, number, description, instanceCount, imageSets }) => (
        <li key={uid}>
          <button
            type="button"
            className="series-button"
            aria-current={shown.has(uid)}
            draggable
            onClick={() => onChoose(uid)}
            onDragStart={({ dataTransfer }) => {
              dataTransfer.setData(DRAGGED, `${uid}@${study}`)
              dataTransfer.effectAllowed = 'copy'
            }}
          >
            <Thumbnail
              datastoreId={datastoreId}
              imageSetId={(imageSets.find(isPrimary) ?? imageSets[0])!.imageSetId!}
            />
            <span className="series-text">
              <strong>{[number, modality].filter(Boolean).join(' · ')}</strong>
              <span>{description}</span>
              {instanceCount !== undefined && <span>{countText(instanceCount)}</span>}
            </span>
          </button>
        </li>
      ))}
    </ul>
  )
}

const isPrimary = (imageSet: Series['imageSets'][number]): boolean => imageSet.isPrimary === true

const countText = (count: number): string => (count === 1 ? '1 instance' : `${formatNumber(count)} instances`)

export const isSeriesDragged = ({ types }: DataTransfer): boolean => types.includes(DRAGGED)

export function draggedSeries(data: DataTransfer): { readonly series: string; readonly study: string } | undefined {
  const [series, study] = data.getData(DRAGGED).split('@')
  return series && study ? { series, study } : undefined
}
