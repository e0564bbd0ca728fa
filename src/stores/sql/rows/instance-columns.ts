/** Where the bytes of an instance lie, in the columns that instances and import_files share. */

/** What an update of the instance changes. */
const METADATA_COLUMNS = [
  ...['metadata_blob', 'metadata_offset_bytes', 'instance_metadata_bytes', 'attributes_bytes', 'instance_number'],
]

export const BUT_METADATA_COLUMNS = [
  ...['blob', 'offset_bytes', 'size_bytes', 'transfer_syntax_uid', 'sop_class_uid'],
  ...['frames_key', 'frames_blob', 'frames_offset_bytes', 'frames_size_bytes', 'frame_count', 'frames_hold'],
  ...['frames_checksum', 'stored_transfer_syntax_uid', 'warning_reasons'],
].join(', ')

export const INSTANCE_COLUMNS = `${BUT_METADATA_COLUMNS}, ${METADATA_COLUMNS.join(', ')}`
