/** What is shown of instances without images: reports, documents and key images, and for all others what they are. */
import './objects.css'
import { useMemo } from 'react'
import { formatNumber } from '../format/size.ts'
import type { Attributes, MetadataDocument } from '../metadata/document.ts'
import { isReport } from '../structured-report/report-items.ts'
import { StructuredReport } from '../structured-report/StructuredReport.tsx'
import { LISTED_INSTANCES_MAX } from '../viewer/stack/limits.ts'
import { textOf } from '../viewer/stack/values.ts'
import { EncapsulatedDocuments } from './EncapsulatedDocuments.tsx'
import { InstanceDownload } from './InstanceDownload.tsx'
import { KeyObjectList } from './KeyObjectList.tsx'
import type { ImageReference } from './key-objects.ts'
import { instancesIn, isEncapsulated, isKeyObjectSelection, isPresentationState, objectNameOf } from './object-kinds.ts'

interface ObjectViewProps {
  readonly datastoreId: string
  readonly document: MetadataDocument
  readonly onOpenImage?: ((image: ImageReference) => void) | undefined
  readonly nameOfSeries?: (series: string) => string | undefined
}

export function ObjectView({ datastoreId, document, onOpenImage, nameOfSeries = () => undefined }: ObjectViewProps) {
  const instances = useMemo(() => instancesIn(document), [document])
  const listed = instances.slice(0, LISTED_INSTANCES_MAX)
  const keyObjects = listed.filter(isKeyObjectSelection)
  const documents = listed.filter(isEncapsulated)
  const reports = listed.filter((each) => isReport(each) && !isKeyObjectSelection(each))
  const others = listed.filter((each) => ![keyObjects, documents, reports].some((shown) => shown.includes(each)))
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also with keys.
    <section className="objects" aria-label="Objects without images" tabIndex={0}>
      {reports.map((report) => (
        <StructuredReport key={textOf(report.SOPInstanceUID)} report={report} />
      ))}
      {documents.length > 0 && <EncapsulatedDocuments {...{ datastoreId, instances: documents }} />}
      {keyObjects.map((instance) => (
        <KeyObjectList
          key={textOf(instance.SOPInstanceUID)}
          {...{ instance, onOpen: onOpenImage, nameOf: nameOfSeries }}
        />
      ))}
      {others.map((instance) => (
        <div key={textOf(instance.SOPInstanceUID)} className="object-heading">
          <p>{sentenceOf(instance, { isInStudy: onOpenImage !== undefined })}</p>
          <InstanceDownload {...{ datastoreId, instance, name: objectNameOf(instance) ?? 'instance' }} />
        </div>
      ))}
      {instances.length > listed.length && (
        <p>{`Only the first ${formatNumber(listed.length)} of ${formatNumber(instances.length)} instances are listed.`}</p>
      )}
      {instances.length === 0 && <p>This image set has no instances.</p>}
    </section>
  )
}

const nameOf = (instance: Attributes): string => objectNameOf(instance) ?? 'Instance without images'

function sentenceOf(instance: Attributes, { isInStudy }: { readonly isInStudy: boolean }): string {
  const label = textOf(instance.ContentLabel) || textOf(instance.StructureSetLabel) || textOf(instance.RTPlanLabel)
  const name = `${nameOf(instance)}${label === '' ? '' : ` “${label}”`}`
  if (!isPresentationState(instance)) return `${name}: Hilum does not draw it. Download it.`
  return isInStudy
    ? `${name}: choose it under “Presentation states” to see its images as it describes.`
    : `${name}: open the study to see its images as it describes.`
}
