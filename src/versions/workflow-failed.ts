/** The workflow cannot succeed. GetImageSet returns the message with the failed version. */
export class WorkflowFailed extends Error {
  override readonly name = 'WorkflowFailed'
}
