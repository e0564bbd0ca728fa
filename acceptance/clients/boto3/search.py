"""Searches through boto3 and its paginator: reads {datastoreId, searchCriteria?, pageSize} and prints image set and patient."""

import json
import sys

import boto3

request = json.load(sys.stdin)
page_size = request.pop("pageSize")
paginator = boto3.client("medical-imaging").get_paginator("search_image_sets")
for page in paginator.paginate(**request, PaginationConfig={"PageSize": page_size}):
    assert len(page["imageSetsMetadataSummaries"]) <= page_size
    for summary in page["imageSetsMetadataSummaries"]:
        print(summary["imageSetId"], summary["DICOMTags"]["DICOMPatientId"], sep="\t")
