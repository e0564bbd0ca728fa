/** The file of an instance as the columns of a row: its UIDs and its byte range in a blob. */

export interface InstanceFileRow {
  readonly sop_instance_uid: string
  readonly sop_class_uid: string
  readonly transfer_syntax_uid: string
  readonly blob_key: string
  readonly offset_bytes: number
  readonly size_bytes: number
}
