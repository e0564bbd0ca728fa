/** Checks of the connection to the server, its clock, and the host names that SDKs use. */
import { lookup } from 'node:dns/promises'
import { ListDatastoresCommand } from '@aws-sdk/client-medical-imaging'
import { explained, headerOf, openClient, type Server } from '../client/client.ts'
import type { Finding } from './finding.ts'

/** A skew that the server still accepts, but that should be corrected. */
const SKEW_WARNING_MS = 60_000

export async function checkServer(server: Server, at: { now: () => number; skewMaxMs: number }): Promise<Finding[]> {
  const client = openClient(server)
  const [outcome] = await Promise.allSettled([client.send(new ListDatastoresCommand({ maxResults: 1 }))])
  client.destroy()
  const date = headerOf(outcome.status === 'fulfilled' ? outcome.value : outcome.reason, 'date')
  const reached: Finding =
    outcome.status === 'fulfilled'
      ? { subject: 'server', state: 'ok', detail: `answers at ${server.endpoint} and accepts the access key` }
      : { subject: 'server', state: 'fail', detail: (explained(outcome.reason, server) as Error).message }
  return date === undefined ? [reached] : [reached, checkClock(Date.parse(date) - at.now(), at.skewMaxMs)]
}

export function checkClock(skewMs: number, skewMaxMs: number): Finding {
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  const detail = seconds < 2 ? 'same as the server' : `the server is ${seconds} s ${skewMs > 0 ? 'ahead' : 'behind'}`
  const state = Math.abs(skewMs) > skewMaxMs ? 'fail' : Math.abs(skewMs) > SKEW_WARNING_MS ? 'warn' : 'ok'
  const fixes = [
    `The server refuses signatures beyond ${skewMaxMs / 60_000} minutes. Synchronise the clocks: sudo timedatectl set-ntp true`,
  ]
  return { subject: 'clock', state, detail, ...(state !== 'ok' && { fixes }) }
}

type Lookup = (name: string) => Promise<{ address: string }>

/** SDKs prefix the host of the endpoint with `runtime-` for searches and image sets, even an IP address. */
export async function checkNames(
  endpoint: string,
  { env, resolveName = lookup }: { env: Readonly<Record<string, string | undefined>>; resolveName?: Lookup },
): Promise<Finding> {
  const { hostname, port } = new URL(endpoint)
  const subject = 'names'
  if (env.AWS_DISABLE_HOST_PREFIX_INJECTION?.toLowerCase() === 'true') {
    const detail = `AWS_DISABLE_HOST_PREFIX_INJECTION is set: boto3 and the AWS CLI call ${hostname} without a prefix`
    return { subject, state: 'ok', detail }
  }
  if (hostname.startsWith('[')) {
    const detail = `SDKs call runtime-${hostname} for searches, which is not a valid name`
    return { subject, state: 'warn', detail, fixes: fixesForNames('127.0.0.1', port) }
  }
  const address = await resolveName(hostname).then(
    (found) => found.address,
    () => undefined,
  )
  const runtime = await resolveName(`runtime-${hostname}`).then(
    (found) => found.address,
    () => undefined,
  )
  if (runtime === undefined) {
    const detail = `runtime-${hostname}, which SDKs call for searches, does not resolve. Use any of these:`
    return { subject, state: 'warn', detail, fixes: fixesForNames(address ?? hostname, port, hostname) }
  }
  if (runtime !== address && !(isLoopback(runtime) && isLoopback(address))) {
    const detail = `runtime-${hostname} resolves to ${runtime}, and ${hostname} to ${address ?? 'no address'}`
    return { subject, state: 'warn', detail, fixes: fixesForNames(address ?? hostname, port, hostname) }
  }
  return { subject, state: 'ok', detail: `runtime-${hostname}, which SDKs call for searches, resolves to ${runtime}` }
}

const isLoopback = (address: string | undefined) => address === '::1' || address?.startsWith('127.') === true

function fixesForNames(address: string, port: string, hostname = address): string[] {
  const names = isLoopback(address) ? `runtime-${hostname} runtime-localhost` : `runtime-${hostname}`
  return [
    `every client:  echo '${address} ${[...new Set(names.split(' '))].join(' ')}' | sudo tee -a /etc/hosts`,
    'boto3 from 1.37.5, AWS CLI 1.45 or from 2.24.16:  eval "$(hilum env)" sets AWS_DISABLE_HOST_PREFIX_INJECTION=true',
    'JavaScript:    new MedicalImagingClient({ disableHostPrefix: true })',
    ...(isLoopback(address)
      ? [`Linux:         sudo apt install libnss-myhostname, and the endpoint http://hilum.localhost:${port}`]
      : []),
  ]
}
