/**
 * `hilum env`: prints the variables that connect AWS SDKs and the AWS CLI to the server, for `eval "$(hilum env)"`. Some clients read only one
 * of the two region variables. Host prefixes are disabled, since `runtime-127.0.0.1` does not resolve. If the server has one data store, its
 * id is included, for the programs in acceptance/clients/snippets/.
 */
import { isIP } from 'node:net'
import { OperatorError } from '../../server/operator-error.ts'
import { SHELLS, shellQuoted } from '../../server/shells.ts'
import { openClient, type Server, serverFor } from '../client/client.ts'
import { activeDatastores } from '../client/datastores.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'

/** Short, since a shell waits for the variables. */
const DATASTORES_TIMEOUT_MS = 2_000

export async function printEnvironment({ config, flags, terminal }: Invocation): Promise<ExitCode> {
  const shell = flags.shell ?? 'sh'
  const line = typeof shell === 'string' && Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined
  if (line === undefined) {
    throw new OperatorError(`--shell does not support '${shell}'. Use ${Object.keys(SHELLS).join(' or ')}.`, {
      exitCode: 2,
    })
  }
  const client = flags.for ?? 'any'
  if (client !== 'any' && client !== 'cpp') {
    throw new OperatorError(
      `--for does not support '${client}'. Use cpp for the AWS SDK for C++; other clients need no --for.`,
      {
        exitCode: 2,
      },
    )
  }
  // Variables of an earlier eval are ignored: with them, a change of --port would have no effect.
  const server = await serverFor({ config, flags, env: {} })
  const endpoint = client === 'cpp' ? endpointForCpp(server.endpoint) : server.endpoint
  const datastoreId = await onlyDatastore(server)
  const variables = { ...environmentFor({ ...server, endpoint }), ...(datastoreId && { DATASTORE_ID: datastoreId }) }
  terminal.print(
    config.json
      ? JSON.stringify(variables, undefined, 2)
      : Object.entries(variables)
          .map(([name, value]) => line(name, value))
          .join('\n'),
  )
  return 0
}

export function environmentFor({ endpoint, region, credentials }: Server): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_MEDICAL_IMAGING: endpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
  }
}

/**
 * The SDK for C++ prefixes every host with `runtime-` unless it begins with that, and libcurl resolves names that end in `.localhost` to this
 * machine: under such a name all operations reach the server.
 */
export function endpointForCpp(endpoint: string): string {
  const url = new URL(endpoint)
  if (['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)) url.hostname = 'runtime-hilum.localhost'
  else if (isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0) {
    throw new OperatorError(
      `The AWS SDK for C++ puts runtime- before ${url.hostname}, which is then not an address. Name the server with --endpoint by a host name ` +
        'that also resolves to it with the prefix runtime-.',
    )
  } else if (!url.hostname.startsWith('runtime-')) url.hostname = `runtime-${url.hostname}`
  return url.href.replace(/\/$/, '')
}

/** Undefined if there are several or none, or no server answers: the other variables are valid without it. */
async function onlyDatastore(server: Server): Promise<string | undefined> {
  const client = openClient(server)
  try {
    const found = await activeDatastores(client, { signal: AbortSignal.timeout(DATASTORES_TIMEOUT_MS) })
    return found.length === 1 ? found[0]!.datastoreId : undefined
  } catch {
    return undefined
  } finally {
    client.destroy()
  }
}

/** The command that prints the variables of this server: `bin/hilum env --port 8105`. */
export function envCommandFor(
  { program, config, cwd }: Pick<Invocation, 'program' | 'config' | 'cwd'>,
  { endpoint }: { endpoint?: Invocation['flags'][string] },
): string {
  return [
    program,
    'env',
    ...(config.dataFolder === `${cwd}/hilum-data` ? [] : ['--data', shellQuoted(config.dataFolder)]),
    ...(config.port === 8104 ? [] : ['--port', String(config.port)]),
    ...(typeof endpoint === 'string' ? ['--endpoint', shellQuoted(endpoint)] : []),
  ].join(' ')
}
