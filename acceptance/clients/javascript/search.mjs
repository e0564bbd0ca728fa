/**
 * Searches through the unmodified AWS SDK for JavaScript and its paginator: reads {datastoreId, searchCriteria?, pageSize} and prints image
 * set and patient.
 */
import { text } from 'node:stream/consumers'
import { MedicalImagingClient, paginateSearchImageSets } from '@aws-sdk/client-medical-imaging'

const TIMES = new Set(['createdAt', 'updatedAt'])
const { pageSize, ...request } = JSON.parse(await text(process.stdin), (name, value) =>
  TIMES.has(name) ? new Date(value) : value,
)
const client = new MedicalImagingClient()
for await (const page of paginateSearchImageSets({ client, pageSize }, request)) {
  for (const { imageSetId, DICOMTags } of page.imageSetsMetadataSummaries) {
    console.log(`${imageSetId}\t${DICOMTags.DICOMPatientId}`)
  }
}
