/** Imports the same small files into Hilum and, where it is installed, into Orthanc: instances a second, durable in both. */

import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  GetDICOMImportJobCommand,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import { type BenchServer, startHilumServer } from './hilum-server.ts'
import { freePort, inTempFolder, start, untilAnswering } from './processes.ts'
import { writeSampleFiles } from './sample-files.ts'

export const FILES = 4_000
const ORTHANC = '/usr/sbin/Orthanc'
const ORTHANC_CLIENTS = 4

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
  { datastoreId, pollMs = 50 }: { datastoreId: string; pollMs?: number },
): Promise<number> {
  const startedAt = performance.now()
  const { jobId } = await client.send(
    new StartDICOMImportJobCommand({
      datastoreId,
      dataAccessRoleArn: 'arn:aws:iam::000000000000:role/bench',
      inputS3Uri: 's3://bench-input/',
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
  inTempFolder(async (folder) => {
    await mkdir(join(folder, 'buckets/bench-output'), { recursive: true })
    await writeSampleFiles(join(folder, 'buckets/bench-input'), FILES)
    const server = await startHilumServer(folder)
    try {
      const datastoreId = await createActiveDatastore(server)
      return FILES / (await importAll(server, { datastoreId }))
    } finally {
      await server.stop()
    }
  })

/** Instances a second over its REST API with four clients; undefined where Orthanc is not installed. */
export async function measureOrthanc(): Promise<number | undefined> {
  if (!existsSync(ORTHANC)) return undefined
  return inTempFolder(async (folder) => {
    const paths = await writeSampleFiles(join(folder, 'files'), FILES)
    const port = await freePort()
    const config = join(folder, 'orthanc.json')
    // SyncStorageArea is the durability that Hilum has always: each file reaches the disk before it is acknowledged.
    await writeFile(
      config,
      JSON.stringify({
        Name: 'bench',
        StorageDirectory: join(folder, 'db'),
        HttpPort: port,
        DicomServerEnabled: false,
        RemoteAccessAllowed: false,
        AuthenticationEnabled: false,
        SyncStorageArea: true,
        Plugins: [],
      }),
    )
    const orthanc = start(ORTHANC, ['--logfile=/dev/null', config])
    try {
      await untilAnswering(`http://127.0.0.1:${port}/system`, 30_000)
      const files = await Promise.all(paths.map((path) => readFile(path)))
      const agent = new Agent({ keepAlive: true, maxSockets: ORTHANC_CLIENTS })
      const startedAt = performance.now()
      let next = 0
      const client = async () => {
        while (next < files.length) await post({ agent, port, body: files[next++]! })
      }
      await Promise.all(Array.from({ length: ORTHANC_CLIENTS }, client))
      const seconds = (performance.now() - startedAt) / 1000
      agent.destroy()
      return FILES / seconds
    } finally {
      await orthanc.stop()
    }
  })
}

function post({ agent, port, body }: { agent: Agent; port: number; body: Buffer }): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/dicom', 'content-length': body.length }
    request({ agent, port, host: '127.0.0.1', path: '/instances', method: 'POST', headers }, (response) => {
      response.resume()
      response.on('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`Orthanc answered ${response.statusCode}`)),
      )
    })
      .on('error', reject)
      .end(body)
  })
}
