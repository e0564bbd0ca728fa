/** Imports the same folder with `hilum import` and with the console in Chromium, in turns: files a second, from the start to COMPLETED. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ListDICOMImportJobsCommand } from '@aws-sdk/client-medical-imaging'
import { measureUpload } from '../console/e2e/support/upload-rate.ts'
import { BENCH_KEYS, type BenchServer, startHilumServer } from './hilum-server.ts'
import { createActiveDatastore } from './importing.ts'
import { optionsOf } from './options.ts'
import { inTempFolder, median, projectFolder } from './processes.ts'
import { writeSampleFiles, writeSlices } from './sample-files.ts'

export interface UploadRates {
  /** Files a second. */
  readonly command: number
  readonly console: number
}

const POLL_MS = 50

/** Each import goes into a data store of its own. Undefined where there is no browser. */
export const measureUploads = ({
  size,
  files,
  rounds,
}: {
  readonly size: 'small' | 'slices'
  readonly files: number
  readonly rounds: number
}): Promise<UploadRates | undefined> =>
  inTempFolder(async (folder) => {
    const input = join(folder, 'input')
    await (size === 'small' ? writeSampleFiles(input, files) : writeSlices(input, files))
    const data = join(folder, 'data')
    const server = await startHilumServer(data)
    const [command, console]: [number[], number[]] = [[], []]
    try {
      for (let round = 0; round < rounds; round++) {
        command.push(await importWithCommand(server, { data, input }))
        const datastoreId = await createActiveDatastore(server)
        const at = { endpoint: `http://127.0.0.1:${server.port}`, credentials: BENCH_KEYS, datastoreId }
        const seconds = await measureUpload(at, {
          folder: input,
          untilImported: () => untilImported(server, datastoreId),
        })
        if (seconds === undefined) return undefined
        console.push(seconds)
      }
    } finally {
      await server.stop()
    }
    return { command: files / median(command), console: files / median(console) }
  })

async function importWithCommand(
  server: BenchServer,
  { data, input }: { data: string; input: string },
): Promise<number> {
  const datastoreId = await createActiveDatastore(server)
  const startedAt = performance.now()
  const args = [join(projectFolder, 'bin/hilum'), 'import', input, '--datastore', datastoreId, '--data', data]
  const child = spawn(process.execPath, [...args, '--endpoint', `http://127.0.0.1:${server.port}`], {
    stdio: 'ignore',
    env: {
      ...process.env,
      HILUM_ACCESS_KEY_ID: BENCH_KEYS.accessKeyId,
      HILUM_SECRET_ACCESS_KEY: BENCH_KEYS.secretAccessKey,
    },
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`hilum import ended with ${code}`)
  return (performance.now() - startedAt) / 1000
}

async function untilImported({ client }: BenchServer, datastoreId: string): Promise<void> {
  for (;;) {
    const { jobSummaries } = await client.send(new ListDICOMImportJobsCommand({ datastoreId }))
    const status = jobSummaries?.[0]?.jobStatus
    if (status === 'COMPLETED') return
    if (status === 'FAILED') throw new Error(`the import failed: ${jobSummaries?.[0]?.message}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** @param args `--files N`, `--size small`, `slices` or `both`, `--rounds N` */
export async function uploadsBench(args: readonly string[]): Promise<number> {
  const options = optionsOf(args, { files: '1000', size: 'both', rounds: '3' })
  const [files, rounds] = [Number(options?.files), Number(options?.rounds)]
  if (options === undefined || ![files, rounds].every((number) => Number.isSafeInteger(number) && number > 0)) {
    process.stderr.write('npm run bench -- uploads [--files N] [--size small | slices | both] [--rounds N] [--json]\n')
    return 2
  }
  for (const size of ['small', 'slices'] as const) {
    if (options.size !== size && options.size !== 'both') continue
    const rates = await measureUploads({ size, files, rounds })
    if (options.json) process.stdout.write(`${JSON.stringify({ size, files, ...rates })}\n`)
    else process.stdout.write(`${textOf(size, files, rates)}\n`)
  }
  return 0
}

function textOf(size: string, files: number, rates: UploadRates | undefined): string {
  if (rates === undefined) return 'Chromium is not installed'
  const { command, console } = rates
  const ratio = (console / command).toFixed(2)
  return `${files} files (${size}): hilum import ${command.toFixed(0)} files a second, the console ${console.toFixed(0)}: ${ratio} x`
}
