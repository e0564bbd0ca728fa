"""
A study from creation to deletion through boto3: reads {inputS3Uri, outputS3Uri, dataAccessRoleArn}, creates a data store, imports, searches,
reads metadata, fetches and decodes every frame as AWS's examples do, updates, reverts, copies, tags and deletes. Prints what it saw.
"""

import gzip
import json
import re
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import boto3

request = json.load(sys.stdin)
ahi = boto3.client("medical-imaging")
seen = {}


def until(ask, done):
    """Polls as AWS's examples do."""
    for _ in range(600):
        answer = ask()
        if done(answer):
            return answer
        time.sleep(0.05)
    raise TimeoutError(answer)


def settled(image_set_id):
    ids = {"datastoreId": datastore_id, "imageSetId": image_set_id}
    return until(lambda: ahi.get_image_set(**ids), lambda properties: properties["imageSetState"] != "LOCKED")


def status_of(image_set_id):
    properties = settled(image_set_id)
    return [properties["imageSetState"], properties["imageSetWorkflowStatus"], properties["versionId"]]


def metadata_of(image_set_id, **version):
    answer = ahi.get_image_set_metadata(datastoreId=datastore_id, imageSetId=image_set_id, **version)
    return json.loads(gzip.decompress(answer["imageSetMetadataBlob"].read()))


def pixels_of(frame, folder, is_colour):
    """By OpenJPH: colour as the pixels behind the head of a PPM file, grey as raw little endian."""
    stored, decoded = Path(folder, "frame.jph"), Path(folder, "frame.ppm" if is_colour else "frame.raw")
    stored.write_bytes(frame)
    subprocess.run(["ojph_expand", "-i", stored, "-o", decoded], check=True, capture_output=True)
    pixels = decoded.read_bytes()
    return re.sub(rb"^P6\s+(?:#.*\n)?\d+\s+\d+\s+255\s", b"", pixels, count=1) if is_colour else pixels


def checksums_of(image_set_id, folder):
    """Of every frame by SOPInstanceUID; each must be the one that the metadata document promises."""
    checksums = {}
    for series in metadata_of(image_set_id)["Study"]["Series"].values():
        for uid, instance in series["Instances"].items():
            checksums[uid] = []
            for frame in instance["ImageFrames"]:
                answer = ahi.get_image_frame(
                    datastoreId=datastore_id,
                    imageSetId=image_set_id,
                    imageFrameInformation={"imageFrameId": frame["ID"]},
                )
                assert answer["contentType"] == "image/jph"
                pixels = pixels_of(answer["imageFrameBlob"].read(), folder, instance["DICOM"]["SamplesPerPixel"] == 3)
                checksum = zlib.crc32(pixels)
                assert checksum == frame["PixelDataChecksumFromBaseToFullResolution"][-1]["Checksum"], uid
                checksums[uid].append(checksum)
    return checksums


# Create, import, search.
datastore_id = ahi.create_datastore(datastoreName="walkthrough")["datastoreId"]
datastore = {"datastoreId": datastore_id}
status_of_store = lambda: ahi.get_datastore(**datastore)["datastoreProperties"]["datastoreStatus"]
until(status_of_store, lambda status: status == "ACTIVE")
job_id = ahi.start_dicom_import_job(jobName="walkthrough", **datastore, **request)["jobId"]
get_job = lambda: ahi.get_dicom_import_job(**datastore, jobId=job_id)["jobProperties"]["jobStatus"]
seen["job"] = until(get_job, lambda status: status in ("COMPLETED", "FAILED"))
pages = ahi.get_paginator("search_image_sets").paginate(
    **datastore,
    searchCriteria={
        "filters": [{"operator": "EQUAL", "values": [{"DICOMPatientId": "WALKTHROUGH"}]}],
        "sort": {"sortField": "createdAt", "sortOrder": "ASC"},
    },
    PaginationConfig={"PageSize": 1},
)
found = [summary["imageSetId"] for page in pages for summary in page["imageSetsMetadataSummaries"]]

# Every frame of every image set.
seen["checksums"] = {}
with tempfile.TemporaryDirectory() as folder:
    for image_set_id in found:
        seen["checksums"].update(checksums_of(image_set_id, folder))

# Update, versions, revert.
image_set_id, *others = found
image_set = {**datastore, "imageSetId": image_set_id}
original = metadata_of(image_set_id)
changes = json.dumps({"SchemaVersion": 1.1, "Patient": {"DICOM": {"PatientName": "Changed^Name"}}})
answer = ahi.update_image_set_metadata(
    **image_set,
    latestVersionId="1",
    updateImageSetMetadataUpdates={"DICOMUpdates": {"updatableAttributes": changes}},
)
seen["updating"] = [answer["imageSetState"], answer["imageSetWorkflowStatus"], answer["latestVersionId"]]
seen["updated"] = status_of(image_set_id)
names = [metadata_of(image_set_id, **version)["Patient"]["DICOM"]["PatientName"] for version in ({}, {"versionId": "1"})]
seen["names"] = names
try:
    ahi.update_image_set_metadata(
        **image_set, latestVersionId="1", updateImageSetMetadataUpdates={"revertToVersionId": "1"}
    )
except ahi.exceptions.ResourceNotFoundException as error:
    seen["stale"] = error.response["Error"]["Message"]
ahi.update_image_set_metadata(
    **image_set, latestVersionId="2", updateImageSetMetadataUpdates={"revertToVersionId": "1"}
)
seen["reverted"] = status_of(image_set_id)
assert metadata_of(image_set_id) == original
versions = ahi.get_paginator("list_image_set_versions").paginate(**image_set, PaginationConfig={"PageSize": 2})
seen["versions"] = [
    [version["versionId"], version["ImageSetWorkflowStatus"]]
    for page in versions
    for version in page["imageSetPropertiesList"]
]

# Copy: the copy has the frames of its source.
copy = ahi.copy_image_set(
    **datastore,
    sourceImageSetId=image_set_id,
    copyImageSetInformation={"sourceImageSet": {"latestVersionId": "3"}},
)
copy_id = copy["destinationImageSetProperties"]["imageSetId"]
seen["copied"] = [status_of(image_set_id), status_of(copy_id)]
with tempfile.TemporaryDirectory() as folder:
    assert checksums_of(copy_id, folder) == checksums_of(image_set_id, folder)

# Tags.
arn = copy["destinationImageSetProperties"]["imageSetArn"]
ahi.tag_resource(resourceArn=arn, tags={"Project": "Walkthrough", "Empty": "", "a+b/c": "d e&f"})
ahi.untag_resource(resourceArn=arn, tagKeys=["Empty", "a+b/c"])
seen["tags"] = ahi.list_tags_for_resource(resourceArn=arn)["tags"]

# Delete.
seen["deleting"] = []
for each in [*found, copy_id]:
    answer = ahi.delete_image_set(**datastore, imageSetId=each)
    seen["deleting"].append([answer["imageSetState"], answer["imageSetWorkflowStatus"]])
seen["deleted"] = [settled(each)["imageSetState"] for each in [*found, copy_id]]
assert ahi.search_image_sets(**datastore)["imageSetsMetadataSummaries"] == []
ahi.delete_datastore(**datastore)
seen["datastore"] = until(status_of_store, lambda status: status == "DELETED")

json.dump(seen, sys.stdout)
