/** Why a job cannot succeed, in words for the caller of the API, who reads them in the job's message. */
export class JobFailed extends Error {
  override readonly name = 'JobFailed'
}
