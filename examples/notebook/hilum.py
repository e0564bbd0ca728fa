"""
Hilum through boto3, as cells of a notebook (Jupyter, VS Code and Spyder read `# %%`): a data store, an import, a search, metadata, a frame.

Point boto3 at the server first: eval "$(bin/hilum env)". DICOM files are expected under INPUT. Where no S3 server is configured, the
bucket `input` is the folder hilum-data/buckets/input of the server, and `output` must exist as well.
"""

# %% Settings
import gzip
import json
import os
import time
from pathlib import Path

import boto3

INPUT = os.environ.get("INPUT", "s3://input/")
OUTPUT = os.environ.get("OUTPUT", "s3://output/")
ROLE = "arn:aws:iam::123456789012:role/import"  # Any well-formed ARN: Hilum reads its buckets without a role.

ahi = boto3.client("medical-imaging")

# %% A data store
datastore_id = ahi.create_datastore(datastoreName="notebook")["datastoreId"]
while ahi.get_datastore(datastoreId=datastore_id)["datastoreProperties"]["datastoreStatus"] == "CREATING":
    time.sleep(0.1)
print("data store", datastore_id)

# %% An import
job_id = ahi.start_dicom_import_job(
    datastoreId=datastore_id, inputS3Uri=INPUT, outputS3Uri=OUTPUT, dataAccessRoleArn=ROLE
)["jobId"]
while "endedAt" not in (job := ahi.get_dicom_import_job(datastoreId=datastore_id, jobId=job_id)["jobProperties"]):
    time.sleep(0.1)
print("import", job["jobStatus"], "report in", job["outputS3Uri"])

# %% A search: primary image sets, the newest study first
pages = ahi.get_paginator("search_image_sets").paginate(
    datastoreId=datastore_id,
    searchCriteria={
        "filters": [{"operator": "EQUAL", "values": [{"isPrimary": True}]}],
        "sort": {"sortField": "DICOMStudyDateAndTime", "sortOrder": "DESC"},
    },
)
image_sets = [summary for page in pages for summary in page["imageSetsMetadataSummaries"]]
for summary in image_sets:
    tags = summary["DICOMTags"]
    print(summary["imageSetId"], tags.get("DICOMPatientId"), tags.get("DICOMStudyDate"), tags.get("DICOMStudyDescription"))

# %% Metadata of the first
image_set_id = image_sets[0]["imageSetId"]
blob = ahi.get_image_set_metadata(datastoreId=datastore_id, imageSetId=image_set_id)["imageSetMetadataBlob"]
metadata = json.loads(gzip.decompress(blob.read()))
print(metadata["Patient"]["DICOM"])

# %% Its first frame: HTJ2K, which OpenJPH (`ojph_expand -i frame.jph -o frame.ppm`) and imagecodecs decode
series = next(iter(metadata["Study"]["Series"].values()))
instance = next(instance for instance in series["Instances"].values() if instance["ImageFrames"])
frame = ahi.get_image_frame(
    datastoreId=datastore_id,
    imageSetId=image_set_id,
    imageFrameInformation={"imageFrameId": instance["ImageFrames"][0]["ID"]},
)
Path("frame.jph").write_bytes(frame["imageFrameBlob"].read())
print("frame", frame["contentType"], Path("frame.jph").stat().st_size, "bytes")
