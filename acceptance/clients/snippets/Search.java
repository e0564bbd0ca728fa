// Not run by a test. The newest studies since 2020, page by page. AWS SDK for Java 2.x: needs DATASTORE_ID, and the lines of
// `hilum env`; where the SDK is older than service endpoints in the environment, set endpointOverride(URI.create(...)) as well.
import software.amazon.awssdk.core.client.config.SdkAdvancedClientOption;
import software.amazon.awssdk.services.medicalimaging.MedicalImagingClient;
import software.amazon.awssdk.services.medicalimaging.model.*;

public class Search {
    static SearchByAttributeValue studyDate(String date) {
        return SearchByAttributeValue.builder()
                .dicomStudyDateAndTime(DICOMStudyDateAndTime.builder().dicomStudyDate(date).build())
                .build();
    }

    public static void main(String[] args) {
        MedicalImagingClient client = MedicalImagingClient.builder()
                .overrideConfiguration(o -> o.putAdvancedOption(SdkAdvancedClientOption.DISABLE_HOST_PREFIX_INJECTION, true))
                .build();
        SearchCriteria criteria = SearchCriteria.builder()
                .filters(SearchFilter.builder()
                        .operator(Operator.BETWEEN)
                        .values(studyDate("20200101"), studyDate("20991231"))
                        .build())
                .sort(Sort.builder().sortField(SortField.DICOM_STUDY_DATE_AND_TIME).sortOrder(SortOrder.DESC).build())
                .build();
        client.searchImageSetsPaginator(r -> r.datastoreId(System.getenv("DATASTORE_ID")).searchCriteria(criteria))
                .imageSetsMetadataSummaries()
                .forEach(imageSet -> {
                    DICOMTags tags = imageSet.dicomTags();
                    System.out.println(String.join("\t", tags.dicomStudyDate(), tags.dicomSeriesModality(),
                            tags.dicomPatientId(), tags.dicomStudyDescription()));
                });
    }
}
