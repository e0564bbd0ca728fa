// npm run audit: fails if a package that runs has a known vulnerability of level high or critical. Where the registry cannot tell, it says
// why, and does not fail.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from './bootstrap.mjs'

const LEVELS = ['high', 'critical']

/**
 * What the output of `npm audit --json` says.
 * @returns {{ isSafe: boolean, sentence: string }}
 */
export function verdictOf(output) {
  let report
  try {
    report = JSON.parse(output)
  } catch {
    return { isSafe: true, sentence: 'skipped: npm audit printed no JSON' }
  }
  if (report.auditReportVersion === undefined) {
    const reason = report.message ?? report.error?.summary ?? 'npm audit printed no report'
    // Not the address of the registry.
    return {
      isSafe: true,
      sentence: `skipped: ${String(reason)
        .replace(/ *-? *\w* https?:\/\/\S+/g, '')
        .trim()}`,
    }
  }
  const found = Object.values(report.vulnerabilities).filter(({ severity }) => LEVELS.includes(severity))
  const others = Object.keys(report.vulnerabilities).length - found.length
  if (found.length === 0) return { isSafe: true, sentence: `no vulnerability of level high; ${others} of a lower one` }
  return {
    isSafe: false,
    sentence: found.map(({ name, severity, range }) => `${name} ${range} (${severity})`).join(', '),
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [name, folder] of Object.entries({ server: ROOT, console: join(ROOT, 'console') })) {
    const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
      ...{ cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 ** 2, shell: process.platform === 'win32' },
    })
    const { isSafe, sentence } = verdictOf(stdout)
    process.stdout.write(
      `${!isSafe ? '✗' : sentence.startsWith('skipped') ? '-' : '✓'} npm audit of the ${name}: ${sentence}\n`,
    )
    if (!isSafe) process.exitCode = 1
  }
}
