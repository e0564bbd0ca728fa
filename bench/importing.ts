/** Imports the same small files into Hilum and, where it is installed, into Orthanc: instances a second, durable in both. */

import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  GetDICOMImportJobCommand,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import { type BenchServer, startHilumServer } from './hilum-server.ts'
import { isOrthancInstalled, startOrthanc } from './orthanc-server.ts'
import { inTempFolder } from './processes.ts'
import { writeSampleFiles, writeSlices } from './sample-files.ts'

export const FILES = 4_000
export const SLICES = 600

export async function createActiveDatastore({ client }: BenchServer): Promise<string> {
  const { datastoreId } = await client.send(new CreateDatastoreCommand({ datastoreName: 'bench' }))
  for (;;) {
    const { datastoreProperties } = await client.send(new GetDatastoreCommand({ datastoreId }))
    if (datastoreProperties?.datastoreStatus === 'ACTIVE') return datastoreId!
  }
}

/** @returns seconds from the call of StartDICOMImportJob to COMPLETED. */
export async function importAll(
  { client }: BenchServer,
  { datastoreId, prefix = '', pollMs = 50 }: { datastoreId: string; prefix?: string; pollMs?: number },
): Promise<number> {
  const startedAt = performance.now()
  const { jobId } = await client.send(
    new StartDICOMImportJobCommand({
      datastoreId,
      dataAccessRoleArn: 'arn:aws:iam::000000000000:role/bench',
      inputS3Uri: `s3://bench-input/${prefix}`,
      outputS3Uri: 's3://bench-output/',
    }),
  )
  for (;;) {
    const { jobProperties } = await client.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))
    if (jobProperties?.jobStatus === 'COMPLETED') return (performance.now() - startedAt) / 1000
    if (jobProperties?.jobStatus === 'FAILED') throw new Error(`the import failed: ${jobProperties.message}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

/** Instances a second. */
export const measureHilum = (): Promise<number> =>
  inTempFolder((folder) => measureImport(folder, () => writeSampleFiles(join(folder, 'buckets/bench-input'), FILES)))

/** Slices of half a megabyte a second, whose frames become HTJ2K. */
export const measureSlices = (): Promise<number> =>
  inTempFolder((folder) => measureImport(folder, () => writeSlices(join(folder, 'buckets/bench-input'), SLICES)))

export async function measureImport(
  folder: string,
  writeFiles: () => Promise<readonly string[]>,
  encryption: 'on' | 'none' = 'on',
): Promise<number> {
  await mkdir(join(folder, 'buckets/bench-output'), { recursive: true })
  const files = await writeFiles()
  const server = await startHilumServer(folder, { encryption })
  try {
    const datastoreId = await createActiveDatastore(server)
    return files.length / (await importAll(server, { datastoreId }))
  } finally {
    await server.stop()
  }
}

/** Instances a second over its REST API with four clients; undefined where Orthanc is not installed. */
export async function measureOrthanc(): Promise<number | undefined> {
  if (!isOrthancInstalled()) return undefined
  return inTempFolder(async (folder) => {
    const paths = await writeSampleFiles(join(folder, 'files'), FILES)
    const orthanc = await startOrthanc(folder, { isDurable: true })
    try {
      const files = await Promise.all(paths.map((path) => readFile(path)))
      const startedAt = performance.now()
      await orthanc.store(files)
      return FILES / ((performance.now() - startedAt) / 1000)
    } finally {
      await orthanc.stop()
    }
  })
}
