/** Checks of the data folder, the access key, the disk and the stores. */
import { randomUUID } from 'node:crypto'
import { access, constants, readdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../server/config.ts'
import { readCredentials } from '../../server/credentials.ts'
import { findOpenFolder, isDataFolder } from '../../server/data-folder.ts'
import { serverOf } from '../../server/data-folder-lock.ts'
import { openLocations, openStores, placesOf } from '../../server/open-stores.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { findOpenFiles } from '../../server/private-files.ts'
import { isClosed } from '../../stores/locations/locations.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { checkMaintenance } from './check-maintenance.ts'
import { checkPartitions } from './check-partitions.ts'
import type { Finding } from './finding.ts'

const FREE_WARNING_BYTES = 5 * 1024 ** 3
const FREE_FAILURE_BYTES = 256 * 1024 ** 2

export async function checkDataFolder(config: Config): Promise<Finding[]> {
  const { dataFolder } = config
  if (!(await isDataFolder(dataFolder).catch(() => false))) {
    const detail = `${dataFolder} does not exist, or is not a data folder of Hilum`
    return [
      {
        subject: 'data folder',
        state: 'warn',
        detail,
        fixes: ['Run hilum serve to create it, or name another with --data.'],
      },
    ]
  }
  return [
    await checkWritable(dataFolder),
    await checkOthers(dataFolder),
    await checkCredentials(config),
    ...(await checkSecrets(config)),
    await checkSpace(dataFolder),
    ...(await checkStores(config)),
    await checkBuckets(config),
  ]
}

async function checkWritable(folder: string): Promise<Finding> {
  const subject = 'data folder'
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    const server = await serverOf(folder)
    const use = server === undefined ? 'no server uses it' : `the server is ${server}`
    return { subject, state: 'ok', detail: `${folder} is writable; ${use}` }
  } catch {
    return {
      subject,
      state: 'fail',
      detail: `${folder} cannot be written`,
      fixes: [`sudo chown -R "$USER" '${folder}'`],
    }
  }
}

async function checkOthers(folder: string): Promise<Finding> {
  const subject = 'other users'
  const open = await findOpenFolder(folder)
  return open === undefined
    ? { subject, state: 'ok', detail: 'cannot access the data folder' }
    : { subject, state: 'warn', detail: open.detail, fixes: [open.fix] }
}

async function checkCredentials({ dataFolder, credentials }: Config): Promise<Finding> {
  const subject = 'access key'
  try {
    const known = await readCredentials(dataFolder, credentials)
    if (known === undefined) return { subject, state: 'warn', detail: 'none yet; the first start creates one' }
    if (known.warning !== undefined) return { subject, state: 'warn', detail: known.warning }
    return { subject, state: 'ok', detail: credentials === undefined ? 'only its owner can read it' : 'configured' }
  } catch (error) {
    return { subject, state: 'fail', detail: (error as Error).message }
  }
}

/** Files with secrets outside the data folder, or in one that others may enter. */
async function checkSecrets({ privateFiles = [] }: Config): Promise<Finding[]> {
  const open = await findOpenFiles(privateFiles)
  return open.map(({ path, fix }) => ({
    subject: 'secrets',
    state: 'warn',
    detail: `other users of this machine can read the secrets in ${path}`,
    fixes: [fix],
  }))
}

async function checkSpace(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder)
  const freeBytes = bavail * bsize
  const state = freeBytes < FREE_FAILURE_BYTES ? 'fail' : freeBytes < FREE_WARNING_BYTES ? 'warn' : 'ok'
  const detail = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free`
  return {
    subject: 'disk',
    state,
    detail,
    ...(state !== 'ok' && { fixes: ['Free disk space, or move the data folder and name it with --data.'] }),
  }
}

/** Writes where the server writes: a blob, which is removed again, and an empty transaction. Then reads how the archive is kept. */
async function checkStores(config: Config): Promise<Finding[]> {
  const { dataFolder } = config
  const subject = 'stores'
  const kept: Finding[] = []
  try {
    const { catalog, blobs } = await openStores(placesOf(config))
    try {
      kept.push(...(await checkPartitions(catalog)))
      await catalog.checkWritable()
      const key = `doctor/${randomUUID()}`
      await blobs.put(key, new Uint8Array(1))
      await blobs.remove([key])
      kept.push(...(await checkMaintenance(catalog, catalog.now())))
    } finally {
      await catalog.close()
    }
    const onPostgres = config.catalog === undefined ? '' : ' on PostgreSQL'
    const inS3 = config.blobs === undefined ? '' : ` in ${config.blobs}`
    const detail = `catalog${onPostgres} and blobs${inS3} accept writes`
    return [{ subject, state: 'ok', detail }, ...kept]
  } catch (error) {
    const { message } = error as Error
    const isDatabase = config.catalog !== undefined && message.startsWith('the catalog')
    const isS3 = config.blobs !== undefined && !message.startsWith('the catalog')
    if (isS3 && isWithoutKey(error)) return [{ subject, state: 'fail', ...NO_S3_KEY }, ...kept]
    // It says itself what to do.
    if (error instanceof OperatorError) return [{ subject, state: 'fail', detail: message }, ...kept]
    const fixes = isDatabase
      ? ['Try the address in --catalog or HILUM_CATALOG with psql. The password may be in PGPASSWORD or ~/.pgpass.']
      : isS3
        ? ['Check --blobs, --s3-endpoint, --s3-region and the key in HILUM_S3_ACCESS_KEY_ID.']
        : [`Everything below ${dataFolder} must belong to the user who runs Hilum.`]
    return [{ subject, state: 'fail', detail: message, fixes }, ...kept]
  }
}

async function checkBuckets({ dataFolder, s3, limits }: Config): Promise<Finding> {
  const subject = 'buckets'
  if (s3 === undefined) {
    const folder = join(dataFolder, 'buckets')
    const names = await readdir(folder).catch((): string[] => [])
    const detail =
      names.length === 0 ? `none yet; s3://name/ is the folder ${folder}/name` : `${names.join(', ')} in ${folder}`
    return { subject, state: 'ok', detail }
  }
  const place = s3.endpoint ?? `S3 in ${s3.region}`
  try {
    const bucket = await (await openLocations({ dataFolder, s3, limits })).openBucket('hilum-import')
    if (!isClosed(bucket)) return { subject, state: 'ok', detail: `${place} answers; hilum-import exists` }
    const fixes = ['Create the buckets hilum-import and hilum-import-output: `hilum import` needs them.']
    return { subject, state: 'warn', detail: `${place} answers: ${bucket.reason}`, fixes }
  } catch (error) {
    if (isWithoutKey(error)) return { subject, state: 'fail', ...NO_S3_KEY }
    const fixes = ['Check --s3-endpoint, --s3-region and the key in HILUM_S3_ACCESS_KEY_ID.']
    return { subject, state: 'fail', detail: `${place} does not answer: ${(error as Error).message}`, fixes }
  }
}

/** The SDK found no credentials, and sent no request. */
const isWithoutKey = (error: unknown): boolean =>
  error instanceof StoreUnavailable && error.code === 'CredentialsProviderError'

const NO_S3_KEY = {
  detail:
    'there is no access key for S3: HILUM_S3_ACCESS_KEY_ID and HILUM_S3_SECRET_ACCESS_KEY are not set, and the AWS SDK found none in ' +
    'AWS_ACCESS_KEY_ID, ~/.aws or a role of this machine',
  fixes: ['export HILUM_S3_ACCESS_KEY_ID=... HILUM_S3_SECRET_ACCESS_KEY=...'],
}
