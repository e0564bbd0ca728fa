// The application: the studies of one day, newest first, one line each.
import { paginateSearchImageSets } from '@aws-sdk/client-medical-imaging'

/** @param day such as 20260131 */
export async function worklistOf(client, { datastoreId, day }) {
  const searchCriteria = {
    filters: [
      {
        operator: 'BETWEEN',
        values: [day, day].map((studyDate, end) => ({
          DICOMStudyDateAndTime: { DICOMStudyDate: studyDate, DICOMStudyTime: end === 0 ? '000000' : '235959' },
        })),
      },
    ],
    sort: { sortField: 'DICOMStudyDateAndTime', sortOrder: 'DESC' },
  }
  const lines = []
  for await (const page of paginateSearchImageSets({ client }, { datastoreId, searchCriteria })) {
    for (const { DICOMTags } of page.imageSetsMetadataSummaries) {
      lines.push(
        `${DICOMTags.DICOMStudyTime} ${DICOMTags.DICOMPatientId} ${DICOMTags.DICOMStudyDescription ?? ''}`.trim(),
      )
    }
  }
  return lines
}
