/**
 * Import jobs into one data store by one server and by several, on one PostgreSQL: image sets a second, and the processor time of each in Hilum
 * and in PostgreSQL. Blobs are on moto. The input is in a folder that all servers have, so that moto, which has one thread, does not limit them.
 */
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { openS3 } from '../../src/fixtures/shared-servers.ts'
import { s3IsMissing } from '../../src/stores/blobs/s3/s3.fixture.ts'
import { type BenchServer, startHilumServer } from '../hilum-server.ts'
import { createActiveDatastore, importAll } from '../importing.ts'
import { inTempFolder, processorMs, withDescendants } from '../processes.ts'
import { writeSampleFiles } from '../sample-files.ts'
import type { Progress } from '../search/built-store.ts'
import type { Databases } from '../search/postgres-store.ts'
import { createLike } from './citus-database.ts'
import { processorIn } from './partitioned-store.ts'

export interface Publishing {
  readonly servers: number
  readonly partitions: number
  readonly image_sets: number
  readonly image_sets_per_s: number
  /** Processor time of an image set in microseconds, of all servers, and of PostgreSQL. */
  readonly hilum_us: number
  readonly database_us: number
}

/** More than any number of servers, so that each has work until the end. */
const JOBS = 6

export interface PublishingOptions {
  readonly databases: Databases
  /** One instance each, four to a study. */
  readonly files: number
  readonly servers: readonly number[]
  readonly partitions: readonly number[]
  readonly progress: Progress
}

/** Undefined where there is no S3. */
export async function measurePublishing(options: PublishingOptions): Promise<readonly Publishing[] | undefined> {
  if (s3IsMissing !== undefined) return undefined
  const s3 = await openS3()
  try {
    return await inTempFolder(async (folder) => {
      const buckets = join(folder, 'buckets')
      for (const bucket of ['bench-input', 'bench-output']) await mkdir(join(buckets, bucket), { recursive: true })
      await writeInput(join(buckets, 'bench-input'), options.files)
      const turns = options.servers.flatMap((servers) =>
        options.partitions.map((partitions) => ({ servers, partitions })),
      )
      const measured: Publishing[] = []
      for (const [index, turn] of turns.entries()) {
        options.progress('importing with servers', index / turns.length)
        const blobs = { place: s3.place, bucket: await s3.newBucket() }
        const name = `${options.databases.prefix}_servers`
        await createLike(options.databases, name)
        const catalogUrl = options.databases.urlOf(name)
        const processorOfDatabase = await processorIn(options.databases)
        measured.push(
          await measureTurn({
            ...turn,
            folder: join(folder, `turn-${index}`),
            buckets,
            blobs,
            catalogUrl,
            processorOfDatabase,
            files: options.files,
          }),
        )
      }
      return measured
    })
  } finally {
    await s3.stop()
  }
}

/** A folder for each job, with other studies. */
async function writeInput(folder: string, files: number): Promise<void> {
  const each = Math.ceil(files / JOBS / 4)
  for (let job = 0; job < JOBS; job++) {
    await writeSampleFiles(join(folder, `job-${job}`), each * 4, { firstStudy: job * each })
  }
}

async function measureTurn(turn: {
  readonly servers: number
  readonly partitions: number
  readonly folder: string
  readonly buckets: string
  readonly blobs: { readonly place: Awaited<ReturnType<typeof openS3>>['place']; readonly bucket: string }
  readonly catalogUrl: string
  readonly processorOfDatabase: () => number
  readonly files: number
}): Promise<Publishing> {
  const { servers, partitions, folder, blobs } = turn
  const running: BenchServer[] = []
  try {
    for (let server = 0; server < servers; server++) {
      const dataFolder = join(folder, `server-${server}`)
      await mkdir(dataFolder, { recursive: true, mode: 0o700 })
      await symlink(turn.buckets, join(dataFolder, 'buckets'))
      running.push(
        await startHilumServer(dataFolder, {
          ...{ catalogUrl: turn.catalogUrl, encryption: 'none' },
          env: {
            HILUM_PARTITIONS: `${partitions}`,
            HILUM_BLOBS: `s3://${blobs.bucket}`,
            // As Amazon S3: with HILUM_S3_ENDPOINT the input would be there too.
            AWS_ENDPOINT_URL_S3: blobs.place.endpoint,
            AWS_ACCESS_KEY_ID: blobs.place.accessKeyId,
            AWS_SECRET_ACCESS_KEY: blobs.place.secretAccessKey,
          },
        }),
      )
    }
    const datastoreId = await createActiveDatastore(running[0]!)
    const processorOfServers = () =>
      running.flatMap(({ child }) => withDescendants(child.pid!)).reduce((sum, pid) => sum + processorMs(pid), 0)
    const [hilum, database, startedAt] = [processorOfServers(), turn.processorOfDatabase(), performance.now()]
    await Promise.all(
      Array.from({ length: JOBS }, (_, job) =>
        importAll(running[job % servers]!, { datastoreId, prefix: `job-${job}/`, pollMs: 100 }),
      ),
    )
    const seconds = (performance.now() - startedAt) / 1000
    const images = Math.ceil(turn.files / JOBS / 4) * 4 * JOBS
    return {
      ...{ servers, partitions, image_sets: images },
      image_sets_per_s: Math.round(images / seconds),
      hilum_us: Math.round(((processorOfServers() - hilum) * 1000) / images),
      database_us: Math.round(((turn.processorOfDatabase() - database) * 1000) / images),
    }
  } finally {
    await Promise.all(running.map((server) => server.stop()))
  }
}
