/** A server process of its own, which tests kill and measure. */

import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { CreateDatastoreCommand, MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { startHilumProcess } from '../../src/fixtures/hilum-process.ts'
import { removeAtExit } from '../../src/fixtures/remove-at-exit.ts'

const KEYS = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }

export async function prepare(t: TestContext, limits: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-store-'))
  removeAtExit(folder)
  writeFileSync(join(folder, 'hilum.json'), JSON.stringify({ limits }))
  const env = { HILUM_ACCESS_KEY_ID: KEYS.accessKeyId, HILUM_SECRET_ACCESS_KEY: KEYS.secretAccessKey }
  async function start() {
    const words = ['serve', '--data', folder, '--port', '0', '--host', '127.0.0.1', '--json']
    const server = startHilumProcess(t, words, { cwd: folder, env, isBuilt: true })
    const endpoint = (await server.printed(/"endpoint":"(http:[^"]+)"/))[1]!
    const client = { endpoint, region: 'us-east-1', credentials: KEYS, disableHostPrefix: true as const }
    const sdk = new MedicalImagingClient(client)
    t.after(() => sdk.destroy())
    return { ...server, hilum: { endpoint, client }, sdk }
  }
  const verify = async () => {
    const { ended, output } = startHilumProcess(t, ['verify', '--data', folder], { cwd: folder, env, isBuilt: true })
    assert.equal(await ended, 0, output())
  }
  return { folder, start, verify }
}

export type Running = Awaited<ReturnType<Awaited<ReturnType<typeof prepare>>['start']>>

export async function newStore({ sdk }: Running): Promise<string> {
  const { datastoreId } = await sdk.send(new CreateDatastoreCommand({}))
  return datastoreId!
}
