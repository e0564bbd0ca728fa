/** Credentials of a role, from the Security Token Service (AssumeRole). The S3 client asks for others before they expire. */
import { AssumeRoleCommand, STSClient, STSServiceException } from '@aws-sdk/client-sts'
import { StoreUnavailable } from '../../store-unavailable.ts'
import type { S3Limits } from './s3-deadlines.ts'

export interface AssumedRole {
  readonly roleArn: string
  /** In the trust policy of the role, where its account demands one. */
  readonly externalId?: string | undefined
  /** Names the session in logs of AWS. */
  readonly sessionName: string
  /** Default: that of AWS for the region. */
  readonly endpoint?: string | undefined
}

interface SessionCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiration: Date
}

/** The returned function throws StoreUnavailable: `access` where the role may not be assumed, else `away`. */
export function credentialsOfRole(
  { roleArn, externalId, sessionName, endpoint }: AssumedRole,
  options: {
    readonly region: string
    /** Of the caller who may assume the role. Default: the credential chain of AWS. */
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
    readonly limits: Pick<S3Limits, 's3ConnectTimeoutMs' | 's3SilenceTimeoutMs'>
  },
): () => Promise<SessionCredentials> {
  const { region, credentials, limits } = options
  const client = new STSClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    requestHandler: { connectionTimeout: limits.s3ConnectTimeoutMs, requestTimeout: limits.s3SilenceTimeoutMs },
  })
  const request = new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: sessionName, ExternalId: externalId })
  return async () => {
    try {
      const { Credentials: found } = await client.send(request)
      return {
        accessKeyId: found!.AccessKeyId!,
        secretAccessKey: found!.SecretAccessKey!,
        sessionToken: found!.SessionToken!,
        expiration: found!.Expiration!,
      }
    } catch (error) {
      const status = error instanceof STSServiceException ? (error.$metadata.httpStatusCode ?? 500) : 500
      const isRefused = status < 500 && status !== 429 && !/Throttl/.test((error as Error).name)
      // Without the error itself, which contains the request.
      throw new StoreUnavailable({
        store: 'the role for S3',
        reason: isRefused ? 'access' : 'away',
        code: (error as Error).name,
      })
    }
  }
}
