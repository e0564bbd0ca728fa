# A study from creation to deletion through the AWS CLI: INPUT, OUTPUT and ROLE in the environment, decoded frames into the current folder, a line
# of what it saw for each step on standard output.
set -eu

ahi() { aws medical-imaging "$@" --output text; }

# until WORD COMMAND...: polls until the output is the word.
until_it_is() {
  word=$1
  shift
  tries=0
  while [ "$("$@")" != "$word" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { echo "never $word: $*" >&2; exit 1; }
    sleep 0.1
  done
}

state_of() { ahi get-image-set --datastore-id "$store" --image-set-id "$1" --query imageSetState; }
status_of() {
  ahi get-image-set --datastore-id "$store" --image-set-id "$1" --query '[imageSetState, imageSetWorkflowStatus, versionId]' | tr '\t' ' '
}

# Create, import, search.
store=$(ahi create-datastore --datastore-name walkthrough --query datastoreId)
until_it_is ACTIVE ahi get-datastore --datastore-id "$store" --query datastoreProperties.datastoreStatus
job=$(ahi start-dicom-import-job --datastore-id "$store" --data-access-role-arn "$ROLE" \
  --input-s3-uri "$INPUT" --output-s3-uri "$OUTPUT" --query jobId)
until_it_is COMPLETED ahi get-dicom-import-job --datastore-id "$store" --job-id "$job" --query jobProperties.jobStatus
found=$(ahi search-image-sets --datastore-id "$store" --search-criteria '{
    "filters": [{ "operator": "EQUAL", "values": [{ "DICOMPatientId": "WALKTHROUGH" }] }],
    "sort": { "sortField": "createdAt", "sortOrder": "ASC" } }' \
  --query 'imageSetsMetadataSummaries[].imageSetId')
echo "found $(echo "$found" | wc -w)"
set -- $found

# Every frame of every image set, decoded by OpenJPH: grey to raw pixels, colour to PPM.
for set in $found; do
  ahi get-image-set-metadata --datastore-id "$store" --image-set-id "$set" "$set.json.gz" > metadata.txt
  gzip -dc "$set.json.gz" | tr -d '\n' | sed 's/"ImageFrames":/\n&/g' > "$set.json"
  ending=raw
  grep -q '"SamplesPerPixel":3' "$set.json" && ending=ppm
  for frame in $(grep -o '"ID":"[0-9a-f]\{32\}"' "$set.json" | cut -d'"' -f4); do
    ahi get-image-frame --datastore-id "$store" --image-set-id "$set" \
      --image-frame-information "imageFrameId=$frame" "$frame.jph" > frame.txt
    ojph_expand -i "$frame.jph" -o "$frame.$ending" > ojph.txt 2>&1
  done
done

# Update, versions, revert.
ahi update-image-set-metadata --datastore-id "$store" --image-set-id "$1" --latest-version-id 1 --no-force \
  --update-image-set-metadata-updates '{ "DICOMUpdates": {
    "updatableAttributes": "{\"SchemaVersion\":1.1,\"Patient\":{\"DICOM\":{\"PatientName\":\"Changed^Name\"}}}" } }' \
  --query '[imageSetState, imageSetWorkflowStatus, latestVersionId]' | tr '\t' ' ' | sed 's/^/updating /'
until_it_is ACTIVE state_of "$1"
echo "updated $(status_of "$1")"
for version in 2 1; do
  ahi get-image-set-metadata --datastore-id "$store" --image-set-id "$1" --version-id "$version" "$version.json.gz" > metadata.txt
  echo "name $version $(gzip -dc "$version.json.gz" | grep -o '"PatientName":"[^"]*"' | cut -d'"' -f4)"
done
ahi update-image-set-metadata --datastore-id "$store" --image-set-id "$1" --latest-version-id 2 \
  --update-image-set-metadata-updates '{ "revertToVersionId": "1" }' > revert.txt
until_it_is ACTIVE state_of "$1"
echo "reverted $(status_of "$1")"
ahi list-image-set-versions --datastore-id "$store" --image-set-id "$1" \
  --query 'imageSetPropertiesList[].[versionId, ImageSetWorkflowStatus]' | tr '\t' ' ' | sed 's/^/version /'

# Copy, tag.
copy=$(ahi copy-image-set --datastore-id "$store" --source-image-set-id "$1" --query destinationImageSetProperties.imageSetId \
  --copy-image-set-information '{ "sourceImageSet": { "latestVersionId": "3" } }')
until_it_is ACTIVE state_of "$copy"
until_it_is ACTIVE state_of "$1"
echo "copied $(status_of "$1"), $(status_of "$copy")"
arn=$(ahi get-image-set --datastore-id "$store" --image-set-id "$copy" --query imageSetArn)
ahi tag-resource --resource-arn "$arn" --tags 'Project=Walkthrough,Empty='
ahi untag-resource --resource-arn "$arn" --tag-keys Empty
echo "tags $(aws medical-imaging list-tags-for-resource --resource-arn "$arn" --query tags --output json | tr -d ' \n')"

# Delete.
for set in $found $copy; do
  ahi delete-image-set --datastore-id "$store" --image-set-id "$set" --query '[imageSetState, imageSetWorkflowStatus]' |
    tr '\t' ' ' | sed 's/^/deleting /'
  until_it_is DELETED state_of "$set"
done
ahi delete-datastore --datastore-id "$store" > deletion.txt
until_it_is DELETED ahi get-datastore --datastore-id "$store" --query datastoreProperties.datastoreStatus
echo deleted
