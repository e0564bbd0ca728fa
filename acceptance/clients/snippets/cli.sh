# The newest studies since 2020. AWS CLI: needs DATASTORE_ID, and the lines of `hilum env`.
aws medical-imaging search-image-sets --datastore-id "$DATASTORE_ID" --no-paginate --max-results 10 --output text \
  --query 'imageSetsMetadataSummaries[].DICOMTags.[DICOMStudyDate,DICOMSeriesModality,DICOMPatientId,DICOMStudyDescription]' \
  --search-criteria '{
    "filters": [{ "operator": "BETWEEN", "values": [
      { "DICOMStudyDateAndTime": { "DICOMStudyDate": "20200101" } },
      { "DICOMStudyDateAndTime": { "DICOMStudyDate": "20991231" } } ] }],
    "sort": { "sortField": "DICOMStudyDateAndTime", "sortOrder": "DESC" } }'
