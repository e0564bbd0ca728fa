/**
 * `hilum env`: the variables that point AWS SDKs and the AWS CLI at the server, for `eval "$(hilum env)"`. The region goes into two of
 * them since some clients read only one; host prefixes are off since `runtime-127.0.0.1` does not resolve.
 */
import { OperatorError } from '../../server/operator-error.ts'
import { SHELLS, shellQuoted } from '../../server/shells.ts'
import { type Server, serverFor } from '../client/client.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'

export async function printEnvironment({ config, flags, terminal }: Invocation): Promise<ExitCode> {
  const shell = flags.shell ?? 'sh'
  const line = typeof shell === 'string' && Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined
  if (line === undefined) {
    throw new OperatorError(`'${shell}' is no shell that --shell knows. It knows ${Object.keys(SHELLS).join(', ')}.`, {
      exitCode: 2,
    })
  }
  // What an earlier eval left in this shell must not decide: after a change of --port the variables would never change.
  const variables = environmentFor(await serverFor({ config, flags, env: {} }))
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

/** What to type here so that a shell gets the variables of this server: `bin/hilum env --port 8105`. */
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
