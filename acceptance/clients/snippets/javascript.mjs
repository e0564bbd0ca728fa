// The newest studies since 2020, page by page. AWS SDK for JavaScript: needs DATASTORE_ID, and the lines of `hilum env`.
import { MedicalImagingClient, paginateSearchImageSets } from '@aws-sdk/client-medical-imaging'

const client = new MedicalImagingClient({ disableHostPrefix: true })
const searchCriteria = {
  filters: [
    {
      operator: 'BETWEEN',
      values: [
        { DICOMStudyDateAndTime: { DICOMStudyDate: '20200101' } },
        { DICOMStudyDateAndTime: { DICOMStudyDate: '20991231' } },
      ],
    },
  ],
  sort: { sortField: 'DICOMStudyDateAndTime', sortOrder: 'DESC' },
}
const datastoreId = process.env.DATASTORE_ID
for await (const page of paginateSearchImageSets({ client }, { datastoreId, searchCriteria })) {
  for (const { DICOMTags: tags } of page.imageSetsMetadataSummaries) {
    console.log(
      [tags.DICOMStudyDate, tags.DICOMSeriesModality, tags.DICOMPatientId, tags.DICOMStudyDescription].join('\t'),
    )
  }
}
