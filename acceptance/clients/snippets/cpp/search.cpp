// Not run by a test. The newest studies since 2020, page by page. AWS SDK for C++, built by the CMakeLists.txt beside this file. Needs
// the lines of `hilum env --for cpp` in the environment, and DATASTORE_ID, which is among them where the server has one data store.
//
// The SDK always puts runtime- before the host of eight operations, unless it is there already: so an endpoint such as
// http://runtime-hilum.localhost:8104 carries every operation. libcurl 7.85 and later resolves any name that ends in .localhost to this
// machine by itself, without /etc/hosts. SDKs since October 2025 read AWS_ENDPOINT_URL_MEDICAL_IMAGING by themselves; older ones need
// the endpoint in the configuration, as here.
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

// The exit code of the program. The client is gone when it returns, as ShutdownAPI requires.
static int Search(const char* endpoint, const char* datastoreId) {
  MedicalImagingClientConfiguration config;
  config.endpointOverride = endpoint;
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
  request.SetDatastoreId(datastoreId);
  request.SetSearchCriteria(criteria);
  for (;;) {
    const auto outcome = client.SearchImageSets(request);
    if (!outcome.IsSuccess()) {
      std::cerr << outcome.GetError().GetExceptionName() << ": " << outcome.GetError().GetMessage() << std::endl;
      return 1;
    }
    for (const auto& imageSet : outcome.GetResult().GetImageSetsMetadataSummaries()) {
      const auto& tags = imageSet.GetDICOMTags();
      std::cout << tags.GetDICOMStudyDate() << '\t' << tags.GetDICOMSeriesModality() << '\t'
                << tags.GetDICOMPatientId() << '\t' << tags.GetDICOMStudyDescription() << '\n';
    }
    if (outcome.GetResult().GetNextToken().empty()) return 0;
    request.SetNextToken(outcome.GetResult().GetNextToken());
  }
}

int main() {
  const char* endpoint = std::getenv("AWS_ENDPOINT_URL_MEDICAL_IMAGING");
  const char* datastoreId = std::getenv("DATASTORE_ID");
  if (endpoint == nullptr || datastoreId == nullptr) {
    std::cerr << "Set AWS_ENDPOINT_URL_MEDICAL_IMAGING, as `hilum env --for cpp` prints it, and DATASTORE_ID." << std::endl;
    return 2;
  }
  Aws::SDKOptions options;
  Aws::InitAPI(options);
  const int exitCode = Search(endpoint, datastoreId);
  Aws::ShutdownAPI(options);
  return exitCode;
}
