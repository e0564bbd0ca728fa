/** GetDICOMInstanceMetadata, GetDICOMSeriesMetadata and the metadata of a study: the DICOM JSON model, with gzip where the client takes it. */
import { promisify } from 'node:util'
import { constants, createGzip, gzip } from 'node:zlib'
import type { WireReply } from '../http/wire.ts'
import { acceptedOf, acceptsGzip } from './accept.ts'
import type { DicomwebAnswer } from './answer.ts'
import { started, through } from './bodies.ts'
import { isKnown, notModified } from './conditions.ts'
import { namedStudy, originOf } from './named.ts'
import { checkAccepted } from './wanted-syntaxes.ts'

const DICOM_JSON = 'application/dicom+json'

const FASTEST = { level: constants.Z_BEST_SPEED }

export const retrieveMetadata: DicomwebAnswer = async (call, { app, operations }) => {
  const { headers } = call.request
  checkAccepted(acceptedOf(call), [DICOM_JSON, 'application/json'])
  const wanted = { ...namedStudy(call), sopInstanceUID: call.labels.instance, origin: originOf(call.request) }
  const { entityTag, json } = await operations.retrieveMetadata(wanted, app)
  const isGzip = acceptsGzip(headers['accept-encoding'])
  const tag = isGzip ? `${entityTag}-gzip` : entityTag
  if (isKnown(headers, tag)) return notModified(tag)
  const body = await started(json())
  const reply: Omit<WireReply, 'body'> = {
    status: 200,
    headers: {
      'Content-Type': DICOM_JSON,
      ETag: `"${tag}"`,
      Vary: 'Accept, Accept-Encoding',
      ...(isGzip && { 'Content-Encoding': 'gzip' }),
    },
  }
  if (!isGzip) return { ...reply, body }
  if (body instanceof Uint8Array) return { ...reply, body: await promisify(gzip)(body, FASTEST) }
  return { ...reply, body: through(body, createGzip(FASTEST)) }
}
