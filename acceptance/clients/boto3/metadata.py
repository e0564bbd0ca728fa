"""Fetches a metadata document through boto3: reads {datastoreId, imageSetId, versionId?}, unpacks it as AWS's examples do, prints it."""

import gzip
import json
import sys

import boto3

request = json.load(sys.stdin)
answer = boto3.client("medical-imaging").get_image_set_metadata(**request)
assert (answer["contentType"], answer["contentEncoding"]) == ("application/json", "gzip")
document = json.loads(gzip.decompress(answer["imageSetMetadataBlob"].read()))
json.dump(document, sys.stdout)
