/**
 * Clients that know nothing of this server but its endpoint. They put `runtime-` before its name for eight of the operations, and
 * some have no switch for it: it is enough that this name, too, resolves to the server.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { environmentFor, hostOfItsOwn, run, skipUnlessBoto3, skipUnlessNssWrapper } from '../support/clients.ts'
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
  test(`${name} needs nothing but two names that resolve`, skip, async () => {
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
