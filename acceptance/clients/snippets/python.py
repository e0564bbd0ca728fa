# The newest studies since 2020, page by page. boto3: needs DATASTORE_ID, and the lines of `hilum env`.
import os

import boto3

criteria = {
    "filters": [{"operator": "BETWEEN", "values": [
        {"DICOMStudyDateAndTime": {"DICOMStudyDate": "20200101"}},
        {"DICOMStudyDateAndTime": {"DICOMStudyDate": "20991231"}},
    ]}],
    "sort": {"sortField": "DICOMStudyDateAndTime", "sortOrder": "DESC"},
}
paginator = boto3.client("medical-imaging").get_paginator("search_image_sets")
for page in paginator.paginate(datastoreId=os.environ["DATASTORE_ID"], searchCriteria=criteria):
    for image_set in page["imageSetsMetadataSummaries"]:
        tags = image_set["DICOMTags"]
        names = ("DICOMStudyDate", "DICOMSeriesModality", "DICOMPatientId", "DICOMStudyDescription")
        print(*(tags.get(name, "") for name in names), sep="\t")
