/** The routes of DICOMweb and what each needs (developer guide, "Using DICOMweb with AWS HealthImaging"; Service Authorization Reference). */
import type { DicomwebAction } from '../../contract/actions.ts'
import type { Arns } from '../../security/authorization/arns.ts'
import type { Need } from '../../security/authorization/operation-needs.ts'

/** Requests that AWS does not have (docs/dicomweb.md). */
type OwnRequest =
  | 'DeleteDICOMSeries'
  | 'DeleteDICOMStudy'
  | 'GetDICOMCapabilities'
  | 'GetDICOMObject'
  | 'GetDICOMRendered'
  | 'GetDICOMSeries'
  | 'GetDICOMStudy'
  | 'GetDICOMStudyMetadata'
  | 'GetDICOMThumbnail'

type DicomwebRoute = RouteOfAction | OwnRoute

interface RouteOfAction {
  readonly http: `${'GET' | 'POST'} /datastore/{datastoreId}/${string}`
  /** That a policy must allow. */
  readonly action: DicomwebAction
  readonly name?: never
}

interface OwnRoute {
  readonly http: 'OPTIONS /datastore/{datastoreId}' | `${'GET' | 'DELETE'} /datastore/{datastoreId}/${string}`
  /** That of the nearest request of AWS. */
  readonly action: DicomwebAction | 'DeleteImageSet' | 'GetDatastore'
  readonly name: OwnRequest
  /** Of PS3.18, where it is not that of the action. */
  readonly clause?: string
}

type RouteAction = DicomwebRoute['action']

export type RequestName = DicomwebAction | OwnRequest

/** As the audit log and the metrics have it. */
export const nameOf = (route: DicomwebRoute): RequestName => (route.name === undefined ? route.action : route.name)

/** The clause of PS3.18. */
export function clauseOf({ action, ...route }: DicomwebRoute): string {
  if (route.name !== undefined && route.clause !== undefined) return route.clause
  if (action.startsWith('Store')) return '10.5'
  return action.startsWith('Search') ? '10.6' : '10.4'
}

const STUDY = '/datastore/{datastoreId}/studies/{study}'
const SERIES = `${STUDY}/series/{series}` as const
const INSTANCE = `${SERIES}/instances/{instance}` as const
const FRAMES = `${INSTANCE}/frames/{frames}` as const

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
  { http: 'OPTIONS /datastore/{datastoreId}', action: 'GetDatastore', name: 'GetDICOMCapabilities', clause: '8.9' },
  { http: `DELETE ${STUDY}`, action: 'DeleteImageSet', name: 'DeleteDICOMStudy', clause: '—' },
  { http: `DELETE ${SERIES}`, action: 'DeleteImageSet', name: 'DeleteDICOMSeries', clause: '—' },
  { http: `GET ${STUDY}`, action: 'GetDICOMInstance', name: 'GetDICOMStudy' },
  { http: `GET ${SERIES}`, action: 'GetDICOMInstance', name: 'GetDICOMSeries' },
  { http: `GET ${STUDY}/metadata`, action: 'GetDICOMSeriesMetadata', name: 'GetDICOMStudyMetadata' },
  { http: `GET ${SERIES}/metadata`, action: 'GetDICOMSeriesMetadata' },
  { http: `GET ${INSTANCE}`, action: 'GetDICOMInstance' },
  { http: `GET ${INSTANCE}/metadata`, action: 'GetDICOMInstanceMetadata' },
  { http: `GET ${FRAMES}`, action: 'GetDICOMInstanceFrames' },
  { http: `GET ${INSTANCE}/bulkdata/{hash}`, action: 'GetDICOMBulkdata' },
  ...([STUDY, SERIES, INSTANCE, FRAMES] as const).flatMap((resource): readonly DicomwebRoute[] => [
    { http: `GET ${resource}/rendered`, action: 'GetDICOMInstanceFrames', name: 'GetDICOMRendered' },
    { http: `GET ${resource}/thumbnail`, action: 'GetDICOMInstanceFrames', name: 'GetDICOMThumbnail' },
  ]),
  { http: 'GET /datastore/{datastoreId}/wado', action: 'GetDICOMInstance', name: 'GetDICOMObject', clause: '9' },
]

/**
 * What a request of WADO-URI names in its query, as labels, and the actions that it needs: which one is known only where the client asks
 * for a file or for an image.
 */
function namedInQuery(query: URLSearchParams): {
  readonly labels: Readonly<Record<string, string>>
  readonly actions: readonly RouteAction[]
} {
  const contentType = query.get('contentType') ?? ''
  const isFile = contentType === 'application/dicom'
  const isImage = contentType.startsWith('image/')
  return {
    labels: Object.fromEntries(
      Object.entries({ study: 'studyUID', series: 'seriesUID', instance: 'objectUID' }).map(([label, parameter]) => [
        label,
        query.get(parameter) ?? '',
      ]),
    ),
    actions: [
      ...(isImage ? [] : ['GetDICOMInstance' as const]),
      ...(isFile ? [] : ['GetDICOMInstanceFrames' as const]),
    ],
  }
}

/** The actions that a policy must allow, and the labels of the path or of the query of WADO-URI. */
export function namedIn(
  { action, name }: DicomwebRoute,
  labels: Readonly<Record<string, string>>,
  query: URLSearchParams,
): { readonly labels: Readonly<Record<string, string>>; readonly actions: readonly RouteAction[] } {
  if (name !== 'GetDICOMObject') return { labels, actions: [action] }
  const inQuery = namedInQuery(query)
  return { labels: { ...labels, ...inQuery.labels }, actions: inQuery.actions }
}

/** The condition keys medical-imaging:StudyInstanceUID and :SeriesInstanceUID are those of the path. */
export const valuesOfKeys = ({ study, series }: Readonly<Record<string, string>>): NonNullable<Need['values']> => ({
  ...(study !== undefined && { 'medical-imaging:studyinstanceuid': [study] }),
  ...(series !== undefined && { 'medical-imaging:seriesinstanceuid': [series] }),
})

export function needsOf(
  action: RouteAction,
  labels: Readonly<Record<string, string>>,
  { imageSetId, arns }: { readonly imageSetId: string | undefined; readonly arns: Arns },
): readonly Need[] {
  const { datastoreId } = labels
  const need = {
    action: `medical-imaging:${action}` as const,
    values: valuesOfKeys(labels),
  }
  const onDatastore = { ...need, resource: arns.datastore(datastoreId!) }
  return imageSetId === undefined
    ? [onDatastore]
    : [onDatastore, { ...need, resource: arns.imageSet(datastoreId!, imageSetId) }]
}
