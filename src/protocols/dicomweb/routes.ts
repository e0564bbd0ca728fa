/** The routes of DICOMweb and what each needs (developer guide, "Using DICOMweb with AWS HealthImaging"; Service Authorization Reference). */
import type { DicomwebAction } from '../../contract/actions.ts'
import type { Arns } from '../../security/authorization/arns.ts'
import type { Need } from '../../security/authorization/operation-needs.ts'

interface DicomwebRoute {
  readonly http: `${'GET' | 'POST'} /datastore/{datastoreId}/${string}`
  readonly action: DicomwebAction
}

const SERIES = '/datastore/{datastoreId}/studies/{study}/series/{series}'
const INSTANCE = `${SERIES}/instances/{instance}` as const

/** Searches across studies have no action of their own: they need that of their level. */
export const DICOMWEB_ROUTES: readonly DicomwebRoute[] = [
  { http: 'POST /datastore/{datastoreId}/studies', action: 'StoreDICOM' },
  { http: 'POST /datastore/{datastoreId}/studies/{study}', action: 'StoreDICOMStudy' },
  { http: 'GET /datastore/{datastoreId}/studies', action: 'SearchDICOMStudies' },
  { http: 'GET /datastore/{datastoreId}/studies/{study}/series', action: 'SearchDICOMSeries' },
  { http: 'GET /datastore/{datastoreId}/series', action: 'SearchDICOMSeries' },
  { http: `GET ${SERIES}/instances`, action: 'SearchDICOMInstances' },
  { http: 'GET /datastore/{datastoreId}/studies/{study}/instances', action: 'SearchDICOMInstances' },
  { http: 'GET /datastore/{datastoreId}/instances', action: 'SearchDICOMInstances' },
  { http: `GET ${SERIES}/metadata`, action: 'GetDICOMSeriesMetadata' },
  { http: `GET ${INSTANCE}`, action: 'GetDICOMInstance' },
  { http: `GET ${INSTANCE}/metadata`, action: 'GetDICOMInstanceMetadata' },
  { http: `GET ${INSTANCE}/frames/{frames}`, action: 'GetDICOMInstanceFrames' },
  { http: `GET ${INSTANCE}/bulkdata/{hash}`, action: 'GetDICOMBulkdata' },
]

/** The condition keys medical-imaging:StudyInstanceUID and :SeriesInstanceUID are those of the path. */
export function needsOfRoute(
  { action }: DicomwebRoute,
  labels: Readonly<Record<string, string>>,
  { imageSetId, arns }: { readonly imageSetId: string | undefined; readonly arns: Arns },
): readonly Need[] {
  const { datastoreId, study, series } = labels
  const need = {
    action: `medical-imaging:${action}` as const,
    values: {
      ...(study !== undefined && { 'medical-imaging:studyinstanceuid': [study] }),
      ...(series !== undefined && { 'medical-imaging:seriesinstanceuid': [series] }),
    },
  }
  const onDatastore = { ...need, resource: arns.datastore(datastoreId!) }
  return imageSetId === undefined
    ? [onDatastore]
    : [onDatastore, { ...need, resource: arns.imageSet(datastoreId!, imageSetId) }]
}
