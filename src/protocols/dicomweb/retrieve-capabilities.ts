/** The capabilities description (PS3.18 8.9 and annex H): made of the table of routes, of what each sends, and of the attributes of searches. */
import type { ServiceDescription } from '../../contract/dicomweb.ts'
import { acceptedOf } from './accept.ts'
import type { DicomwebAnswer } from './answer.ts'
import { originOf } from './named.ts'
import { DICOMWEB_ROUTES, nameOf, type RequestName } from './routes.ts'
import { type DescribedMethod, writeWadl } from './wadl.ts'
import { checkAccepted } from './wanted-syntaxes.ts'

const WADL = 'application/vnd.sun.wadl+xml'

const DICOM = 'multipart/related; type="application/dicom"'
const DICOM_JSON = 'application/dicom+json'
const FRAME_TYPES = [
  ...['application/octet-stream', 'image/jphc', 'image/jph', 'image/jp2', 'image/jpeg', 'image/jxl'],
  ...['video/mp4', 'video/mpeg'],
]

interface Sent {
  readonly produces: readonly string[]
  readonly consumes?: readonly string[]
  readonly statuses?: readonly number[]
  /** Where they are not those of every retrieval. */
  readonly parameters?: readonly string[]
}

const metadata: Sent = { produces: [DICOM_JSON], statuses: [200, 304] }
const files: Sent = { produces: [DICOM, 'application/zip'], statuses: [200, 206] }
const search: Sent = { produces: [DICOM_JSON] }
const store: Sent = { produces: [DICOM_JSON], consumes: [DICOM, 'application/dicom'] }
const deletion: Sent = { produces: [], statuses: [204] }

const IMAGE_TYPES = ['image/jpeg', 'image/png']
const rendered: Sent = {
  produces: [...IMAGE_TYPES, ...IMAGE_TYPES.map((type) => `multipart/related; type="${type}"`), 'application/pdf'],
  statuses: [200, 304],
  parameters: ['accept', 'annotation', 'iccprofile', 'imageSetId', 'quality', 'viewport', 'window'],
}
const object: Sent = {
  produces: ['application/dicom', ...IMAGE_TYPES, 'application/pdf'],
  statuses: [200, 206, 304],
  parameters: [
    ...['requestType', 'studyUID', 'seriesUID', 'objectUID', 'contentType', 'transferSyntax', 'frameNumber', 'rows'],
    ...['columns', 'region', 'windowCenter', 'windowWidth', 'imageQuality', 'annotation', 'imageSetId'],
  ],
}

const SENT: { readonly [Name in RequestName]: Sent } = {
  DeleteDICOMSeries: deletion,
  DeleteDICOMStudy: deletion,
  GetDICOMBulkdata: { produces: ['application/octet-stream', 'multipart/related; type="application/octet-stream"'] },
  GetDICOMCapabilities: { produces: [WADL] },
  GetDICOMInstance: { produces: ['application/dicom', DICOM], statuses: [200, 206, 304] },
  GetDICOMInstanceFrames: {
    produces: [...FRAME_TYPES.map((type) => `multipart/related; type="${type}"`), ...FRAME_TYPES],
    statuses: [200, 206, 304],
  },
  GetDICOMInstanceMetadata: metadata,
  GetDICOMObject: object,
  GetDICOMRendered: rendered,
  GetDICOMSeries: files,
  GetDICOMSeriesMetadata: metadata,
  GetDICOMStudy: files,
  GetDICOMStudyMetadata: metadata,
  GetDICOMThumbnail: rendered,
  SearchDICOMInstances: search,
  SearchDICOMSeries: search,
  SearchDICOMStudies: search,
  StoreDICOM: store,
  StoreDICOMStudy: store,
}

export const retrieveCapabilities: DicomwebAnswer = async (call, { app, operations }) => {
  checkAccepted(acceptedOf(call), [WADL, 'application/xml', 'text/xml'])
  const datastoreId = call.labels.datastoreId!
  const description = await operations.describeService({ datastoreId }, app)
  // Annex H leaves out the description itself.
  const described = DICOMWEB_ROUTES.filter((route) => !route.http.startsWith('OPTIONS'))
  const methods = described.map((route) => methodOf(route, description))
  const body = writeWadl(`${originOf(call.request)}/datastore/${datastoreId}`, methods)
  return { status: 200, headers: { 'Content-Type': WADL, Vary: 'Accept' }, body }
}

type Route = (typeof DICOMWEB_ROUTES)[number]

function methodOf(route: Route, description: ServiceDescription): DescribedMethod {
  const [method = '', path = ''] = route.http.split(' ')
  const id = nameOf(route)
  const { produces, consumes = [], statuses = [200] } = SENT[id]
  return {
    ...{ method, id, produces, consumes, statuses },
    path: path.replace('/datastore/{datastoreId}', ''),
    queryParameters: parametersOf(route, description),
  }
}

function parametersOf(route: Route, { searchParameters }: ServiceDescription): readonly string[] {
  switch (route.action) {
    case 'SearchDICOMStudies':
      return searchParameters.study
    case 'SearchDICOMSeries':
      return searchParameters.series
    case 'SearchDICOMInstances':
      return searchParameters.instance
    default:
      return SENT[nameOf(route)].parameters ?? (route.action.startsWith('GetDICOM') ? ['accept', 'imageSetId'] : [])
  }
}
