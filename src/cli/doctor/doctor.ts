/** `hilum doctor`: prints one line for each check, followed by its fixes. The exit code is 1 if a check fails. */

import { isNodeTooOld, SMALLEST_NODE } from '../../server/node-version.ts'
import { explained, serverFor } from '../client/client.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import type { Style, Terminal } from '../terminal/terminal.ts'
import { checkCertificate } from './check-certificate.ts'
import { checkDataFolder } from './check-data-folder.ts'
import { checkNames, checkServer } from './check-server.ts'
import type { Finding } from './finding.ts'

export async function doctor(invocation: Invocation): Promise<ExitCode> {
  const { config, terminal } = invocation
  const findings: Finding[] = [checkNode(process.versions.node)]
  findings.push(...(await checkDataFolder(config)))
  try {
    const server = await serverFor(invocation)
    findings.push(...(await checkServer(server, { now: Date.now, skewMaxMs: config.limits.clockSkewMs })))
    const certificate = await checkCertificate(server.endpoint, { env: invocation.env, now: Date.now })
    if (certificate !== undefined) findings.push(certificate)
    findings.push(await checkNames(server.endpoint, { env: invocation.env }))
  } catch (error) {
    const { message } = explained(error, { endpoint: '' }) as Error
    findings.push({ subject: 'server', state: 'fail', detail: message })
  }
  terminal.print(
    config.json
      ? JSON.stringify(findings, undefined, 2)
      : findings.map((finding) => drawFinding(finding, terminal)).join('\n'),
  )
  return findings.some(({ state }) => state === 'fail') ? 1 : 0
}

/** Odd releases of Node have no long-term support. Unsupported versions are refused before (src/cli/require-node.ts). */
export function checkNode(version: string): Finding {
  const fixes = ['Install Node 24: https://nodejs.org']
  if (isNodeTooOld(version)) {
    return { subject: 'Node', state: 'fail', detail: `${version} is older than ${SMALLEST_NODE}`, fixes }
  }
  if (Number.parseInt(version, 10) % 2 === 1)
    return { subject: 'Node', state: 'warn', detail: `${version} is not a long-term release`, fixes }
  return { subject: 'Node', state: 'ok', detail: version }
}

const STYLES: Readonly<Record<Finding['state'], Style>> = { ok: 'green', warn: 'yellow', fail: 'red' }

export function drawFinding(
  { subject, state, detail, fixes = [] }: Finding,
  { styled }: Pick<Terminal, 'styled'>,
): string {
  const line = `${styled(STYLES[state], state.padEnd(4))}  ${subject.padEnd(12)}  ${detail}`
  return [line, ...fixes.map((fix) => `${' '.repeat(20)}${fix}`)].join('\n')
}
