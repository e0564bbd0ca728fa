/** The client of the commands: the official SDK, connected to a Hilum server. */
import {
  type DICOMImportJobProperties,
  GetDICOMImportJobCommand,
  MedicalImagingClient,
  MedicalImagingServiceException,
  type SearchImageSetsCommand,
} from '@aws-sdk/client-medical-imaging'
import type { ExtensionHeader } from '../../contract/handlers.ts'
import { readCertificate } from '../../server/certificate.ts'
import type { AccessKey, Config, Flags } from '../../server/config.ts'
import { CREDENTIALS_FILE, readCredentials } from '../../server/credentials.ts'
import { endpointOf } from '../../server/endpoint.ts'
import { OperatorError } from '../../server/operator-error.ts'

export interface Server {
  readonly endpoint: string
  readonly region: string
  readonly credentials: AccessKey & { readonly sessionToken?: string }
}

type Env = Readonly<Record<string, string | undefined>>

/**
 * The server of a command. For an endpoint from --endpoint or AWS_ENDPOINT_URL_MEDICAL_IMAGING the key is that of AWS's variables; for the
 * server on this machine it is the key in the data folder. HILUM_ACCESS_KEY_ID takes precedence over both.
 */
export async function serverFor(options: { config: Config; flags: Flags; env: Env }): Promise<Server> {
  const { config, flags, env } = options
  const named = flags.endpoint ?? (env.AWS_ENDPOINT_URL_MEDICAL_IMAGING || undefined)
  if (typeof named === 'string' && !URL.canParse(named)) {
    throw new OperatorError(`'${named}' is not the address of a server. Use one such as http://127.0.0.1:8104.`, {
      exitCode: 2,
    })
  }
  const endpoint = typeof named === 'string' ? named.replace(/\/+$/, '') : await endpointHere(config)
  const awsKey = readAwsKey(env)
  const folderKey = await readCredentials(config.dataFolder, config.credentials)
  const credentials = config.credentials ?? (named === undefined ? (folderKey ?? awsKey) : (awsKey ?? folderKey))
  if (credentials === undefined) {
    throw new OperatorError(
      `There is no access key: ${config.dataFolder} has no ${CREDENTIALS_FILE}. ` +
        'Start the server there once, name its data folder with --data, or set HILUM_ACCESS_KEY_ID and HILUM_SECRET_ACCESS_KEY.',
    )
  }
  const { accessKeyId, secretAccessKey } = credentials
  // Temporary keys of AWS include a session token.
  const sessionToken = credentials === awsKey ? env.AWS_SESSION_TOKEN || undefined : undefined
  const key = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
  return { endpoint, region: config.region, credentials: key }
}

/** The certificate names the server. A user who may not read it connects to the address. */
async function endpointHere({ host, port, tls }: Config): Promise<string> {
  if (tls === undefined) return endpointOf(host[0]!, port)
  const certificate = await readCertificate(tls.cert).catch(() => undefined)
  return endpointOf(host[0]!, port, { certificate })
}

function readAwsKey({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }: Env): AccessKey | undefined {
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return undefined
  return { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY }
}

/**
 * Without `disableHostPrefix` the SDK calls the host `runtime-127.0.0.1` for searches, which does not resolve; AWS has both hosts. Replies keep
 * their headers, for `headerOf`.
 */
export function openClient({ endpoint, region, credentials }: Server): MedicalImagingClient {
  const disableHostPrefix = !/\.amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname)
  const client = new MedicalImagingClient({ endpoint, region, credentials, disableHostPrefix })
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      Object.assign(result.output?.$metadata ?? {}, { headers: (result.response as Reply).headers })
      return result
    },
    { step: 'deserialize', priority: 'high', name: 'keepHeaders' },
  )
  return client
}

interface Reply {
  readonly headers?: Readonly<Record<string, string>>
}

/** Adds extension headers to a command (docs/extensions.md). */
export function askingFor<C extends Pick<SearchImageSetsCommand, 'middlewareStack'>>(
  command: C,
  headers: Readonly<Record<ExtensionHeader, string>>,
): C {
  command.middlewareStack.add(
    (next) => (args) => {
      Object.assign((args.request as { headers: Record<string, string> }).headers, headers)
      return next(args)
    },
    { step: 'build', name: 'askForExtensions' },
  )
  return command
}

/** A header of the reply that `client.send` returned or threw; names are lower-case. */
export function headerOf(outcome: unknown, name: string): string | undefined {
  const { $metadata, $response } = outcome as { $metadata?: Reply; $response?: Reply }
  return ($metadata?.headers ?? $response?.headers)?.[name]
}

interface JobProgress {
  readonly done: number
  /** Undefined while the server lists the input. */
  readonly found: number | undefined
}

/** An import job and its progress, from the header `x-hilum-progress: <done>/<found>`. */
export async function getImportJob(
  client: MedicalImagingClient,
  ids: { datastoreId: string; jobId: string },
): Promise<{ job: DICOMImportJobProperties; progress: JobProgress | undefined }> {
  const answer = await client.send(new GetDICOMImportJobCommand(ids))
  return { job: answer.jobProperties!, progress: parseProgress(headerOf(answer, 'x-hilum-progress')) }
}

export function parseProgress(header: string | undefined): JobProgress | undefined {
  const [, done, found] = /^(\d+)\/(\d+|\?)$/.exec(header ?? '') ?? []
  if (done === undefined) return undefined
  return { done: Number(done), found: found === '?' ? undefined : Number(found) }
}

/** Of OpenSSL, as Node names them. */
const NOT_TRUSTED = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** An error of the SDK as an OperatorError. Other errors are returned unchanged. */
export function explained(error: unknown, { endpoint }: Pick<Server, 'endpoint'>): unknown {
  const cause = error as NodeJS.ErrnoException & Partial<MedicalImagingServiceException>
  if (
    ['ECONNREFUSED', 'ENOTFOUND', 'ECONNRESET', 'EAI_AGAIN', 'EHOSTUNREACH', 'ETIMEDOUT'].includes(cause.code ?? '')
  ) {
    return new OperatorError(
      `No server answers at ${endpoint} (${cause.code}). Start one with \`hilum serve\`, or name another with --endpoint${
        cause.code === 'ECONNRESET' && endpoint.startsWith('http:') ? ', with https:// if it speaks TLS' : ''
      }.`,
      { cause },
    )
  }
  if (cause.code === 'EPROTO') {
    return new OperatorError(
      `The server at ${endpoint} does not speak TLS. Name it with http:// instead of https://.`,
      { cause },
    )
  }
  if (NOT_TRUSTED.has(cause.code ?? '')) {
    return new OperatorError(
      `The certificate of the server at ${endpoint} is not trusted (${cause.code}). If a private authority signed it, name the file with its ` +
        'certificate in NODE_EXTRA_CA_CERTS.',
      { cause },
    )
  }
  if (cause.code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new OperatorError(
      `The certificate of the server does not cover ${endpoint}. Name the server with --endpoint.`,
      {
        cause,
      },
    )
  }
  if (!(error instanceof MedicalImagingServiceException)) return error
  if (error.$metadata.httpStatusCode === 403 && error.name !== 'AccessDeniedException') {
    return new OperatorError(
      `The server at ${endpoint} does not accept the access key: ${error.message} Name its data folder with --data, or set ` +
        'HILUM_ACCESS_KEY_ID and HILUM_SECRET_ACCESS_KEY.',
      { cause },
    )
  }
  return new OperatorError(`The server at ${endpoint} refused: ${error.message} (${error.name})`, { cause })
}
