/** Downloads an instance as a DICOM file, by WADO-URI, which names the form of the answer in its query. */
import { useApi } from '../api.ts'
import type { Attributes } from '../metadata/document.ts'
import { textOf } from '../viewer/stack/values.ts'
import { SaveButton } from './SaveButton.tsx'

interface InstanceDownloadProps {
  readonly datastoreId: string
  readonly instance: Attributes
  readonly name: string
}

export function InstanceDownload({ datastoreId, instance, name }: InstanceDownloadProps) {
  const api = useApi()
  const uid = textOf(instance.SOPInstanceUID)
  const query = {
    ...{ requestType: 'WADO', contentType: 'application/dicom', objectUID: uid },
    ...{ studyUID: textOf(instance.StudyInstanceUID), seriesUID: textOf(instance.SeriesInstanceUID) },
  }
  const bytesOf = async () => (await api.dicomweb(datastoreId, { method: 'GET', path: ['wado'], query })).blob()
  return <SaveButton text={`Download ${name}`} fileName={`${uid}.dcm`} bytesOf={bytesOf} />
}
