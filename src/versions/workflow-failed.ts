/** The workflow cannot succeed; the message is what GetImageSet says of the failed version. */
export class WorkflowFailed extends Error {
  override readonly name = 'WorkflowFailed'
}
