// Not run by a test. The newest studies since 2020, page by page. AWS SDK for C++: needs DATASTORE_ID, and the access key of
// `hilum env`. The SDK reads no endpoint from the environment and always puts runtime- before the host, unless it is there
// already: so a host named runtime-hilum.localhost, which libcurl resolves to this machine by itself, carries every operation.
#include <aws/core/Aws.h>
#include <aws/medical-imaging/MedicalImagingClient.h>
#include <aws/medical-imaging/model/SearchImageSetsRequest.h>
#include <cstdlib>
#include <iostream>

using namespace Aws::MedicalImaging;

static Model::SearchByAttributeValue StudyDate(const char* date) {
  Model::DICOMStudyDateAndTime moment;
  moment.SetDICOMStudyDate(date);
  Model::SearchByAttributeValue value;
  value.SetDICOMStudyDateAndTime(moment);
  return value;
}

int main() {
  Aws::SDKOptions options;
  Aws::InitAPI(options);
  {
    MedicalImagingClientConfiguration config;
    config.endpointOverride = "http://runtime-hilum.localhost:8104";
    MedicalImagingClient client(config);

    Model::SearchFilter filter;
    filter.SetOperator(Model::Operator::BETWEEN);
    filter.AddValues(StudyDate("20200101"));
    filter.AddValues(StudyDate("20991231"));
    Model::Sort sort;
    sort.SetSortField(Model::SortField::DICOMStudyDateAndTime);
    sort.SetSortOrder(Model::SortOrder::DESC);
    Model::SearchCriteria criteria;
    criteria.AddFilters(filter);
    criteria.SetSort(sort);

    Model::SearchImageSetsRequest request;
    request.SetDatastoreId(std::getenv("DATASTORE_ID"));
    request.SetSearchCriteria(criteria);
    for (;;) {
      const auto outcome = client.SearchImageSets(request);
      if (!outcome.IsSuccess()) {
        std::cerr << outcome.GetError().GetMessage() << std::endl;
        break;
      }
      for (const auto& imageSet : outcome.GetResult().GetImageSetsMetadataSummaries()) {
        const auto& tags = imageSet.GetDICOMTags();
        std::cout << tags.GetDICOMStudyDate() << '\t' << tags.GetDICOMSeriesModality() << '\t'
                  << tags.GetDICOMPatientId() << '\t' << tags.GetDICOMStudyDescription() << '\n';
      }
      if (outcome.GetResult().GetNextToken().empty()) break;
      request.SetNextToken(outcome.GetResult().GetNextToken());
    }
  }
  Aws::ShutdownAPI(options);
}
