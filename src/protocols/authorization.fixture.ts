/** The protocols with one caller, and for each route a request that can be read. */
import type { App } from '../app.ts'
import type { DicomwebOperations } from '../contract/dicomweb.ts'
import type { Downloads } from '../contract/downloads.ts'
import type { Extensions } from '../contract/extensions.ts'
import type { Handlers } from '../contract/handlers.ts'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { NO_AUDIT_LOG } from '../security/audit/audit-log.ts'
import { createAuthorize } from '../security/authorization/authorize.ts'
import type { Caller } from '../security/callers/caller.ts'
import { compilePolicies } from '../security/policies/compile-policies.ts'
import { tagsOfPrincipal } from '../security/policies/condition-keys.ts'
import { parsePolicy } from '../security/policies/parse-policy.ts'
import { logInto } from './aws/handler.fixture.ts'
import { ACCESS_KEY_ID, NOW, SECRET, signed } from './aws/signed-request.fixture.ts'
import type { WireRequest } from './http/wire.ts'
import { mountProtocols } from './mount.ts'

export const STORE = '1'.repeat(32)
export const SET = 'a'.repeat(32)
export const SET2 = 'b'.repeat(32)
export const ARN = 'arn:aws:medical-imaging:us-east-1:123456789012'
export const USER = 'arn:aws:iam::123456789012:user/mary'

const LABELS: Readonly<Record<string, string>> = {
  ...{ study: '1.2.3', series: '1.2.3.4', instance: '1.2.3.4.5' },
  datastoreId: STORE,
  imageSetId: SET,
  sourceImageSetId: SET,
  jobId: '2'.repeat(32),
  file: 'failure',
  frames: '1',
  hash: 'PixelData',
  resourceArn: encodeURIComponent(`${ARN}:datastore/${STORE}`),
}
/** What the input of an operation must have to be read. */
const BODIES: Readonly<Record<string, object>> = {
  'POST /datastore': { clientToken: 't', tags: { team: 'ct' } },
  'POST /startDICOMImportJob/datastore/{datastoreId}': {
    clientToken: 't',
    dataAccessRoleArn: 'arn:aws:iam::123456789012:role/r',
    inputS3Uri: 's3://bucket/in/',
    outputS3Uri: 's3://bucket/out/',
  },
  'POST /datastore/{datastoreId}/imageSet/{imageSetId}/getImageFrame': { imageFrameId: '3'.repeat(32) },
  'POST /datastore/{datastoreId}/imageSet/{imageSetId}/updateImageSetMetadata': { revertToVersionId: '1' },
  'POST /datastore/{datastoreId}/imageSet/{sourceImageSetId}/copyImageSet': {
    sourceImageSet: { latestVersionId: '1' },
    destinationImageSet: { imageSetId: SET2, latestVersionId: '1' },
  },
  'POST /hilum/uploads/{uploadId}': [],
  'POST /hilum/downloads': { datastoreId: STORE, items: [{ studyInstanceUID: '1.2.3' }] },
  'POST /hilum/principals': { principalName: 'mary' },
  'POST /hilum/simulate-policy': { principalName: 'mary', action: 'hilum:GetPolicy', resource: '*' },
  'PUT /hilum/principals/{principalName}/tags': { tags: { team: 'ct' } },
  'POST /tags/{resourceArn}': { tags: { team: 'ct' } },
}
const QUERIES: Readonly<Record<string, Record<string, string>>> = {
  'POST /datastore/{datastoreId}/imageSet/{imageSetId}/updateImageSetMetadata': {
    latestVersion: '1',
    includeStudyImageSets: 'true',
  },
  'DELETE /tags/{resourceArn}': { tagKeys: 'team' },
  'GET /datastore/{datastoreId}/wado': {
    ...{ requestType: 'WADO', contentType: 'application/dicom' },
    ...{ studyUID: '1.2.3', seriesUID: '1.2.3.4', objectUID: '1.2.3.4.5' },
  },
  'POST /hilum/uploads/{uploadId}/{name}': { parts: '1' },
}

export const policiesOf = (statements: readonly object[]) =>
  compilePolicies([parsePolicy('p', JSON.stringify({ Statement: statements }), DEFAULT_LIMITS)])

/** The protocols with one caller, and handlers that only record that they were reached. */
export function open({
  policies,
  tags = {},
  dicomweb,
}: {
  policies: Caller['policies']
  tags?: Record<string, string>
  dicomweb?: Partial<DicomwebOperations<App>>
}) {
  const reached: string[] = []
  const handlers = new Proxy(
    {},
    {
      get: (_, name) => () => {
        reached.push(String(name))
        throw new Error('a handler was reached')
      },
    },
  )
  const caller: Caller = {
    id: 'mary',
    accessKeyId: ACCESS_KEY_ID,
    signInKeyId: ACCESS_KEY_ID,
    arn: USER,
    name: 'mary',
    userId: '7',
    tags: tagsOfPrincipal({ Team: 'ct' }),
    policies,
    renewableUntil: undefined,
  }
  const tagReads: object[] = []
  const list = async (resource: object) => {
    tagReads.push(resource)
    return tags
  }
  const names = { region: 'us-east-1', accountId: '123456789012' }
  const app = {
    ...names,
    callers: {
      find: () => ({ secretAccessKey: SECRET, caller }),
      startSession: () => ({ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c', expiresAt: 0 }),
      refresh() {},
    },
    catalog: { access: { async endSessions() {} } },
    authorize: createAuthorize({ ...names, tags: { list } }),
    authorizers: { has: () => true, authenticate: async () => caller },
    audit: NO_AUDIT_LOG,
    limits: DEFAULT_LIMITS,
    clock: () => NOW,
    serverCount: () => 1,
    newId: () => '0'.repeat(32),
    log: logInto([]),
  } as unknown as App
  const { handler, routes } = mountProtocols(app, {
    handlers: handlers as Handlers<App>,
    extensions: handlers as unknown as Extensions<App>,
    dicomweb: (dicomweb ?? handlers) as unknown as DicomwebOperations<App> & Downloads<App>,
    consoleFolder: '/nowhere',
    corsOrigins: ['*'],
  })
  /** @param options.token instead of a signature */
  const send = async (
    http: string,
    origin: Partial<WireRequest> = { remoteAddress: '10.0.0.1' },
    options: { readonly token?: string; readonly query?: Record<string, string> } = {},
  ) => {
    const [method, template] = http.split(' ') as [string, string]
    const path = template.replace(/\{(\w+)\}/g, (_, label: string) => LABELS[label] ?? 'x')
    const body = BODIES[http]
    const query = options.query ?? QUERIES[http] ?? {}
    const signedRequest = await signed({ method, path, query, ...(body && { body: JSON.stringify(body) }) })
    const { token } = options
    const authorized = token === undefined ? signedRequest.headers : { authorization: `Bearer ${token}` }
    // For the actions that store; others do not read it.
    const typed = { ...authorized, 'content-type': 'application/dicom' }
    const { status, headers, body: text } = await handler({ ...signedRequest, headers: typed, ...origin })
    const { message = '' } = JSON.parse(String(text) || '{}') as { message?: string }
    return { status, type: headers['x-amzn-ErrorType'], message }
  }
  return { routes, send, reached, tagReads }
}
