/** The encrypted catalog: its files contain no value of a patient, a plain one is encrypted at the start, and missing keys are explained. */
import assert from 'node:assert/strict'
import { copyFile, link, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { startServer } from '../main.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'
import { createDatastore } from '../stores/catalog/conformance/catalog.fixture.ts'
import { encryptCatalog, loadCatalogKey, rewrapCatalogKey } from './catalog-key.ts'
import { type Config, loadConfig } from './config.ts'
import { MARKER_FILE } from './data-folder.ts'
import { openLog } from './log.ts'
import { keyPlacesOf, openKeyServices } from './open-data-keys.ts'
import { openCatalog, placesOf } from './open-stores.ts'
import { OperatorError } from './operator-error.ts'

const MARKER = 'ZORBAX-QUENTIN'
const PLAIN_START = 'SQLite format 3'

async function newConfig(encryption: 'on' | 'none', folder?: string): Promise<Config> {
  const data = folder ?? (await mkdtemp(join(tmpdir(), 'hilum-catalog-key-')))
  if (folder === undefined) removeAtExit(data)
  return loadConfig({
    cwd: data,
    env: { HILUM_ACCESS_KEY_ID: 'HILUMTESTACCESSKEY', HILUM_SECRET_ACCESS_KEY: 'a-secret-of-tests' },
    flags: { data, encryption, port: '0', host: ['127.0.0.1'] },
  })
}

async function using<T>(config: Config, work: (catalog: Catalog) => Promise<T>): Promise<T> {
  const catalog = await openCatalog(placesOf(config))
  try {
    return await work(catalog)
  } finally {
    await catalog.close()
  }
}

const fill = (config: Config) => using(config, (catalog) => createDatastore(catalog, MARKER))

const names = (config: Config) =>
  using(config, async ({ datastores }) => {
    const listed = await datastores.list({ status: undefined, deletedSince: 0, after: undefined, limit: 10 })
    return listed.map(({ datastoreName }) => datastoreName)
  })

const catalogOf = ({ dataFolder }: Config) => join(dataFolder, 'catalog.sqlite')
const keyFileOf = ({ dataFolder }: Config) => join(dataFolder, 'catalog.key')

const refused = (config: Config, message: RegExp) =>
  assert.rejects(openCatalog(placesOf(config)), (error) => {
    assert.ok(error instanceof OperatorError, String(error))
    assert.match(error.message, message)
    return true
  })

test('a new catalog is encrypted, its write-ahead log too, and its key is wrapped and private', async () => {
  const config = await newConfig('on')
  await using(config, async (catalog) => {
    await createDatastore(catalog, MARKER)
    const written = await readdir(config.dataFolder)
    assert.ok(written.includes('catalog.sqlite-wal'))
    for (const name of written.filter((each) => each.startsWith('catalog.'))) {
      const bytes = await readFile(join(config.dataFolder, name))
      for (const text of [MARKER, PLAIN_START, 'CREATE TABLE'])
        assert.equal(bytes.includes(text), false, `${text} in ${name}`)
    }
  })
  const { mode } = await stat(keyFileOf(config))
  assert.equal(mode & 0o777, 0o600)
  const key = await loadCatalogKey(placesOf(config))
  assert.equal(key!.length, 32)
  const text = await readFile(keyFileOf(config), 'utf8')
  for (const form of ['hex', 'base64'] as const) assert.equal(text.includes(Buffer.from(key!).toString(form)), false)
  assert.deepEqual(await names(config), [MARKER])
})

test('with --encryption none a new catalog is plain, and an encrypted one stays encrypted', async () => {
  const plain = await newConfig('none')
  await fill(plain)
  assert.ok((await readFile(catalogOf(plain))).includes(PLAIN_START))
  const config = await newConfig('on')
  await fill(config)
  const later = await newConfig('none', config.dataFolder)
  assert.equal(await encryptCatalog(placesOf(later)), false)
  assert.deepEqual(await names(later), [MARKER])
  assert.equal((await readFile(catalogOf(config))).includes(PLAIN_START), false)
})

describe('a plain catalog', () => {
  test('is encrypted when a server starts, which logs it once', async () => {
    const plain = await newConfig('none')
    await fill(plain)
    const config = await newConfig('on', plain.dataFolder)
    await writeFile(join(config.dataFolder, MARKER_FILE), '')
    const lines: string[] = []
    for (let starts = 0; starts < 2; starts++) {
      const log = { ...openLog({ logLevel: 'error' }), info: (_: object, text: string) => void lines.push(text) }
      await (await startServer(config, { log })).stop()
    }
    assert.equal(lines.filter((line) => /the catalog, which was plain, is encrypted now/.test(line)).length, 1)
    assert.deepEqual(await names(config), [MARKER])
    for (const name of (await readdir(config.dataFolder)).filter((each) => each.startsWith('catalog.')))
      assert.equal((await readFile(join(config.dataFolder, name))).includes(MARKER), false, name)
  })

  test('is encrypted by the next start if a crash left drafts, or the key without the encrypted file', async () => {
    const plain = await newConfig('none')
    await fill(plain)
    const config = await newConfig('on', plain.dataFolder)
    await copyFile(catalogOf(plain), `${catalogOf(plain)}.saved`)
    assert.equal(await encryptCatalog(placesOf(config)), true)
    // As before the last step: the key is there, and drafts of any content.
    await rename(`${catalogOf(plain)}.saved`, catalogOf(plain))
    for (const ending of ['encrypting', 'encrypted']) await writeFile(`${catalogOf(plain)}.${ending}`, 'half of it')
    assert.deepEqual(await names(config), [MARKER])
    assert.equal(await encryptCatalog(placesOf(config)), true)
    assert.deepEqual(await names(config), [MARKER])
    // As after the last step.
    await writeFile(`${catalogOf(plain)}.encrypting`, '')
    assert.equal(await encryptCatalog(placesOf(config)), false)
    assert.deepEqual((await readdir(config.dataFolder)).toSorted(), ['catalog.key', 'catalog.sqlite', 'keys'])
  })

  test('is overwritten, but not a copy of it that has another name', async () => {
    const plain = await newConfig('none')
    await fill(plain)
    const copy = join(plain.dataFolder, 'copy')
    await link(catalogOf(plain), copy)
    await encryptCatalog(placesOf(await newConfig('on', plain.dataFolder)))
    assert.ok((await readFile(copy)).includes(PLAIN_START))
  })

  test('that another process uses is left as it is', async () => {
    const plain = await newConfig('none')
    await using(plain, async (catalog) => {
      await createDatastore(catalog, MARKER)
      await assert.rejects(encryptCatalog(placesOf(await newConfig('on', plain.dataFolder))), {
        name: 'OperatorError',
        message: /was not encrypted, and is as before: the catalog was locked by another process/,
      })
    })
    assert.deepEqual(await names(plain), [MARKER])
  })
})

describe('the key of the catalog', () => {
  test('is wrapped again after a rotation of the key of Hilum', async () => {
    const config = await newConfig('on')
    await fill(config)
    const [before, key] = [await readFile(keyFileOf(config), 'utf8'), await loadCatalogKey(placesOf(config))]
    const services = await openKeyServices(keyPlacesOf(config))
    await services.ring.rotate(await services.ring.ownKeyArn())
    assert.equal(await rewrapCatalogKey(config.dataFolder, services), true)
    assert.notEqual(await readFile(keyFileOf(config), 'utf8'), before)
    assert.deepEqual(await loadCatalogKey(placesOf(config)), key)
    assert.deepEqual(await names(config), [MARKER])
  })

  test('that is missing, damaged, or of another catalog is explained', async () => {
    const [config, other] = [await newConfig('on'), await newConfig('on')]
    for (const each of [config, other]) await fill(each)
    const text = await readFile(keyFileOf(config), 'utf8')
    await rm(keyFileOf(config))
    await refused(
      config,
      /is encrypted, and the file of its key, .*catalog\.key, is missing\. Restore it from a backup/,
    )
    await writeFile(keyFileOf(config), '{}')
    await refused(config, /catalog\.key is not the file of a catalog's key/)
    await writeFile(keyFileOf(config), 'nonsense')
    await refused(config, /catalog\.key, is not JSON/)
    await writeFile(keyFileOf(config), text)
    await copyFile(catalogOf(config), `${catalogOf(config)}.mine`)
    await copyFile(catalogOf(other), catalogOf(config))
    await refused(config, /cannot be decrypted with the key beside it/)
    await rename(`${catalogOf(config)}.mine`, catalogOf(config))
    assert.deepEqual(await names(config), [MARKER])
  })

  test('cannot be unwrapped without its key ring, or with another', async () => {
    const config = await newConfig('on')
    await fill(config)
    const keys = join(config.dataFolder, 'keys')
    await rename(keys, `${keys}-away`)
    await refused(
      config,
      /The key ring .*ring\.json does not exist, and the catalog in .* is encrypted with a key of it/,
    )
    await openKeyServices(keyPlacesOf(config))
    await refused(config, /was encrypted with another key ring than/)
    await rm(keys, { recursive: true })
    await rename(`${keys}-away`, keys)
    assert.deepEqual(await names(config), [MARKER])
  })
})
