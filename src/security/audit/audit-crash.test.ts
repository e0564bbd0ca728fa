/** A real server under load is killed at random moments: each answered request is on record, and the log stays intact over its starts. */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  MedicalImagingClient,
  SearchImageSetsCommand,
  TagResourceCommand,
} from '@aws-sdk/client-medical-imaging'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { runs } from '../../fixtures/soak.ts'
import { verifyOne } from './audit.fixture.ts'
import { searchAudit } from './search-audit.ts'

const ROUNDS = runs(4)
const CLIENTS = 6
/** Before each kill. */
const ANSWERS_MIN = 20

test('a killed server loses no line of an answered request', async (context) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-audit-crash-'))
  removeAtExit(cwd)
  const folder = join(cwd, 'data/audit')
  const credentials = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }
  const env = { HILUM_ACCESS_KEY_ID: credentials.accessKeyId, HILUM_SECRET_ACCESS_KEY: credentials.secretAccessKey }
  const answered = new Set<string>()
  let datastoreId: string | undefined
  for (let round = 0; round < ROUNDS; round++) {
    const server = startHilumProcess(context, ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1'], {
      cwd,
      env,
    })
    const [, endpoint] = await server.printed(/Hilum answers at (http:\S+:\d+)/)
    const client = new MedicalImagingClient({
      ...{ endpoint: endpoint!, region: 'us-east-1', credentials, maxAttempts: 1, disableHostPrefix: true },
    })
    const note = ({ $metadata }: { $metadata: { requestId?: string } }) => answered.add($metadata.requestId!)
    if (datastoreId === undefined) {
      const created = await client.send(new CreateDatastoreCommand({ datastoreName: 'crash' }))
      note(created)
      datastoreId = created.datastoreId!
      const status = async () => {
        const answer = await client.send(new GetDatastoreCommand({ datastoreId }))
        note(answer)
        return answer.datastoreProperties?.datastoreStatus
      }
      while ((await status()) !== 'ACTIVE') await setTimeout(10)
    }
    const resourceArn = `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}`
    let isKilled = false
    const load = Array.from({ length: CLIENTS }, async (_, at) => {
      while (!isKilled) {
        const request =
          at === 0
            ? client.send(new TagResourceCommand({ resourceArn, tags: { round: String(answered.size) } }))
            : client.send(new SearchImageSetsCommand({ datastoreId, searchCriteria: {} }))
        await request.then(note, () => {})
      }
    })
    // By answers, not by time: a slow machine gets as many.
    const killAt = answered.size + ANSWERS_MIN + Math.random() * 150
    while (answered.size < killAt) await setTimeout(1)
    server.child.kill('SIGKILL')
    isKilled = true
    await Promise.all(load)
    await server.ended
    client.destroy()
    assert.equal((await verifyOne(folder)).fault, undefined, `after kill ${round}`)
  }
  const recorded = new Set<string>()
  for await (const { event } of searchAudit([folder], {}))
    recorded.add((event as unknown as { requestID: string }).requestID)
  assert.ok(answered.size >= ANSWERS_MIN * ROUNDS, `${answered.size} requests were answered`)
  assert.deepEqual(
    [...answered].filter((id) => !recorded.has(id)),
    [],
  )
})
