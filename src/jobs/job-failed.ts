/** The job cannot succeed, and a retry would not help. The message becomes the message of the job, which the caller of the API reads. */
export class JobFailed extends Error {
  override readonly name = 'JobFailed'
}
