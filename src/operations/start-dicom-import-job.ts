/** StartDICOMImportJob: records the job; the workers in src/jobs run it. */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { Input, Output } from '../contract/operations.ts'
import { QUOTAS } from '../contract/quotas.ts'
import { faultOfUri, s3Folder, s3Place } from '../stores/locations/s3-uri.ts'
import { clientTokenUse, tokenOfAnotherRequest } from './client-token.ts'
import { activeDatastore, datastoreNotFound } from './datastore-access.ts'

export async function startDICOMImportJob(
  input: Input<'StartDICOMImportJob'>,
  app: App,
): Promise<Output<'StartDICOMImportJob'>> {
  for (const member of ['inputS3Uri', 'outputS3Uri'] as const) checkUri(member, input[member])
  const buckets = app.bucketsOf(input.dataAccessRoleArn)
  for (const member of ['inputS3Uri', 'outputS3Uri'] as const) {
    refuse(member, buckets.refusalOf(s3Place(input[member]).bucket))
  }
  const { datastoreId } = await activeDatastore(app, input.datastoreId)
  const jobId = app.newId()
  const submitted = await app.catalog.importJobs.submit({
    job: {
      jobId,
      datastoreId,
      jobName: input.jobName,
      jobStatus: 'SUBMITTED',
      dataAccessRoleArn: input.dataAccessRoleArn,
      inputS3Uri: input.inputS3Uri,
      outputS3Uri: s3Folder(input.outputS3Uri, `${datastoreId}-DicomImport-${jobId}`),
      importConfiguration: input.importConfiguration,
      message: undefined,
      submittedAt: app.clock(),
      endedAt: undefined,
      filesDone: 0,
      filesFailed: 0,
      filesSkipped: 0,
      filesFound: undefined,
    },
    token: clientTokenUse(app, input),
    ...(app.awsQuotas ? { runningMax: QUOTAS.concurrentImportJobsPerDatastore } : {}),
  })
  switch (submitted.outcome) {
    case 'token-conflict':
      throw tokenOfAnotherRequest()
    case 'too-many':
      throw new ContractError(
        'ServiceQuotaExceededException',
        `${QUOTAS.concurrentImportJobsPerDatastore} import jobs of the data store are running, which is its quota: wait until one has ended`,
      )
    case 'datastore-absent':
      throw datastoreNotFound(datastoreId)
    case 'datastore-not-active':
      throw new ContractError('ConflictException', `Data store ${datastoreId} is no longer ACTIVE`)
    case 'submitted':
    case 'repeated':
      app.workWaits()
      return {
        datastoreId,
        jobId: submitted.job.jobId,
        jobStatus: 'SUBMITTED',
        submittedAt: submitted.job.submittedAt,
      }
  }
}

function checkUri(member: 'inputS3Uri' | 'outputS3Uri', uri: string): void {
  refuse(member, faultOfUri(uri))
}

function refuse(member: string, fault: string | undefined): void {
  if (fault === undefined) return
  const message = `Value at '${member}' cannot be used: ${fault}`
  throw new ContractError('ValidationException', message, { fields: [{ path: `/${member}`, message }] })
}
