/**
 * The documents of an image set. A PDF is shown by the browser's own viewer in a frame, from memory and always as `application/pdf`: bytes
 * that are something else are never shown as a page. Other documents can be downloaded.
 */
import { useEffect, useMemo, useState } from 'react'
import { formatBytes } from '../format/size.ts'
import type { Attributes } from '../metadata/document.ts'
import { ENCAPSULATED_BYTES_MAX } from '../viewer/stack/limits.ts'
import { textOf } from '../viewer/stack/values.ts'
import { base64Length, type EncapsulatedDocument, encapsulatedDocumentOf } from './encapsulated-document.ts'
import { InstanceDownload } from './InstanceDownload.tsx'
import { objectNameOf, storageClassOf } from './object-kinds.ts'
import { SaveButton } from './SaveButton.tsx'

interface EncapsulatedDocumentsProps {
  readonly datastoreId: string
  readonly instances: readonly Attributes[]
}

export function EncapsulatedDocuments({ datastoreId, instances }: EncapsulatedDocumentsProps) {
  return instances.map((instance) => (
    <OneDocument key={textOf(instance.SOPInstanceUID)} {...{ datastoreId, instance }} />
  ))
}

function OneDocument({ datastoreId, instance }: { readonly datastoreId: string; readonly instance: Attributes }) {
  const storageClass = storageClassOf(instance)
  const name = objectNameOf(instance) ?? 'Document'
  const value = instance.EncapsulatedDocument
  const isTooLarge = typeof value === 'string' && value.length > base64Length(ENCAPSULATED_BYTES_MAX)
  const document = useMemo(
    () => (isTooLarge ? undefined : encapsulatedDocumentOf(instance, storageClass)),
    [instance, storageClass, isTooLarge],
  )
  const title = document?.title || textOf(instance.DocumentTitle) || name
  return (
    <section className="object-document" aria-label={title}>
      <div className="object-heading">
        <h2>{title}</h2>
        {document === undefined ? (
          <InstanceDownload {...{ datastoreId, instance, name }} />
        ) : (
          <SaveButton
            text={`Download ${storageClass === '104.1' ? 'PDF' : name}`}
            fileName={document.fileName}
            bytesOf={async () => document.bytes}
          />
        )}
      </div>
      {document?.isPDF && navigator.pdfViewerEnabled ? (
        <PDF document={document} title={title} />
      ) : (
        <p>{reasonOf({ document, isTooLarge, name })}</p>
      )}
    </section>
  )
}

interface Reason {
  readonly document: EncapsulatedDocument | undefined
  readonly isTooLarge: boolean
  readonly name: string
}

function reasonOf({ document, isTooLarge, name }: Reason): string {
  if (isTooLarge) {
    return `${name}: it has more than ${formatBytes(ENCAPSULATED_BYTES_MAX)}, which is too much to show here. Download it.`
  }
  if (document === undefined) return `${name}: the document can't be read from the metadata. Download the instance.`
  if (document.isPDF) return `${name}: this browser has no viewer for PDF. Download it.`
  if (name === 'PDF document') return `${name}: its bytes are not a PDF, so it is not shown. Download it.`
  return `${name}: Hilum does not show it. Download it.`
}

function PDF({ document, title }: { readonly document: EncapsulatedDocument; readonly title: string }) {
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    const created = URL.createObjectURL(new Blob([document.bytes], { type: 'application/pdf' }))
    setUrl(created)
    return () => URL.revokeObjectURL(created)
  }, [document])
  // Browsers don't run their PDF viewer in a sandboxed frame.
  return url === undefined ? null : <iframe className="object-pdf" src={url} title={title} />
}
