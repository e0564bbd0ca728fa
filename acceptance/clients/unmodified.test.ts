/**
 * Clients that are configured with nothing but the endpoint. They prefix its name with `runtime-` for eight of the operations, and some
 * have no setting for this: it suffices that the prefixed name resolves to the server, too.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ImageSetsMetadataSummary } from '@aws-sdk/client-medical-imaging'
import {
  aws2ByName,
  environmentFor,
  hostOfItsOwn,
  run,
  skipUnlessAws2,
  skipUnlessBoto3,
  skipUnlessNssWrapper,
} from '../support/clients.ts'
import { patientsOf } from '../support/search.ts'
import { linesOf, openUseCaseServer, USE_CASES } from '../support/use-cases.ts'

const { hilum, datastoreId, imageSetIds } = await openUseCaseServer()
const { searchCriteria, patients } = USE_CASES[3]!
const programOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const { AWS_DISABLE_HOST_PREFIX_INJECTION: _, ...asForAnyService } = environmentFor(hilum)
const env = { ...asForAnyService, ...hostOfItsOwn(hilum) }

const CLIENTS: Record<string, { command: string; program: string; skip: Record<string, string> }> = {
  'the SDK for JavaScript': {
    command: process.execPath,
    program: programOf('javascript/search.mjs'),
    skip: skipUnlessNssWrapper(),
  },
  boto3: {
    command: 'python3',
    program: programOf('boto3/search.py'),
    skip: { ...skipUnlessNssWrapper(), ...skipUnlessBoto3() },
  },
}

for (const [name, { command, program, skip }] of Object.entries(CLIENTS)) {
  test(`${name} works if both names resolve to the server`, skip, async () => {
    const found = linesOf(
      await run(command, [program], { env, input: JSON.stringify({ datastoreId, searchCriteria, pageSize: 1 }) }),
    )
    assert.deepEqual(
      found.map(({ patient }) => patient),
      patients,
    )
    const all = linesOf(await run(command, [program], { env, input: JSON.stringify({ datastoreId, pageSize: 50 }) }))
    assert.deepEqual(all.map(({ imageSetId }) => imageSetId).toSorted(), imageSetIds)
  })
}

test('the AWS CLI 2 needs nothing but two names that resolve', skipUnlessAws2(), async () => {
  const aws2 = { ...asForAnyService, ...aws2ByName(hilum) }
  assert.match(await run('aws', ['--version'], { env: aws2 }), /^aws-cli\/2\./)
  const find = async (...args: readonly string[]) => {
    const words = ['medical-imaging', 'search-image-sets', '--datastore-id', datastoreId, '--output', 'json', ...args]
    return JSON.parse(await run('aws', words, { env: aws2 })).imageSetsMetadataSummaries as ImageSetsMetadataSummary[]
  }
  assert.deepEqual(
    patientsOf(await find('--search-criteria', JSON.stringify(searchCriteria), '--page-size', '1')),
    patients,
  )
  const all = await find('--page-size', '50')
  assert.deepEqual(all.map(({ imageSetId }) => imageSetId).toSorted(), imageSetIds)
})
