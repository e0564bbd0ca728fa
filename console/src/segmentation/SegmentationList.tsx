/** The segments of the segmentations of a study, each of which can be shown on its images. */
import './segmentation.css'
import Checkbox from '@cloudscape-design/components/checkbox'
import { formatNumber } from '../format/size.ts'
import { cssOf } from '../viewer/pixels/cielab.ts'
import type { StudySegmentation } from './SegmentLayer.tsx'

interface SegmentationListProps {
  readonly segmentations: readonly StudySegmentation[]
  /** Keys of segments. */
  readonly chosen: ReadonlySet<string>
  readonly onChoose: (keys: readonly string[], isChosen: boolean) => void
}

export function SegmentationList({ segmentations, chosen, onChoose }: SegmentationListProps) {
  return segmentations.map(({ segmentation: { sopInstanceUID, label, segments, segmentCount } }) => {
    const keys = segments.map(({ key }) => key)
    const chosenCount = keys.filter((key) => chosen.has(key)).length
    return (
      <fieldset key={sopInstanceUID} className="segment-list">
        <legend>{label}</legend>
        {segments.length > 1 && (
          <Checkbox
            checked={chosenCount === keys.length}
            indeterminate={chosenCount > 0 && chosenCount < keys.length}
            onChange={({ detail }) => onChoose(keys, detail.checked)}
          >
            All segments
          </Checkbox>
        )}
        {segments.map(({ key, label, color }) => (
          <Checkbox key={key} checked={chosen.has(key)} onChange={({ detail }) => onChoose([key], detail.checked)}>
            <span className="segment-color" style={{ background: cssOf(color) }} /> {label}
          </Checkbox>
        ))}
        {segmentCount > segments.length && (
          <p>{`Only the first ${formatNumber(segments.length)} of ${formatNumber(segmentCount)} segments are listed.`}</p>
        )}
      </fieldset>
    )
  })
}
