/** GetDICOMInstanceMetadata, GetDICOMSeriesMetadata and the metadata of a study: the DICOM JSON model, with gzip where the client takes it. */
import { acceptedOf, acceptsGzip } from './accept.ts'
import type { DicomwebAnswer } from './answer.ts'
import { isKnown, notModified } from './conditions.ts'
import { JSON_TYPES, jsonReply } from './json-reply.ts'
import { namedStudy, originOf } from './named.ts'
import { checkAccepted } from './wanted-syntaxes.ts'

export const retrieveMetadata: DicomwebAnswer = async (call, { app, operations }) => {
  const { headers } = call.request
  checkAccepted(acceptedOf(call), JSON_TYPES)
  const wanted = { ...namedStudy(call), sopInstanceUID: call.labels.instance, origin: originOf(call.request) }
  const { entityTag, json } = await operations.retrieveMetadata(wanted, app)
  const isGzip = acceptsGzip(headers['accept-encoding'])
  const tag = isGzip ? `${entityTag}-gzip` : entityTag
  if (isKnown(headers, tag)) return notModified(tag)
  return jsonReply(json(), { isGzip, headers: { ETag: `"${tag}"` } })
}
