/**
 * A study from creation to deletion through other clients, each with a program in its language: create, import, search, decode every frame
 * with OpenJPH and compare its checksum with the original pixels, update, revert, copy, tag, delete.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import { sample } from '../../src/fixtures/soak.ts'
import {
  aws2ByName,
  awsAtItsOwnHost,
  environmentFor,
  run,
  skipUnlessAws,
  skipUnlessAws2,
  skipUnlessBoto3,
  skipUnlessOpenJPH,
  temporaryFolder,
} from '../support/clients.ts'
import { openHilum } from '../support/hilum.ts'
import { CHECKSUMS, putStudy } from '../support/walkthrough.ts'

const { hilum } = await openHilum()
const programOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))

test('boto3', { ...skipUnlessBoto3(), ...skipUnlessOpenJPH() }, async () => {
  const input = JSON.stringify(await putStudy(hilum))
  const output = await run('python3', [programOf('boto3/walkthrough.py')], { env: environmentFor(hilum), input })
  assert.deepEqual(JSON.parse(output), {
    job: 'COMPLETED',
    checksums: CHECKSUMS,
    updating: ['LOCKED', 'UPDATING', '2'],
    updated: ['ACTIVE', 'UPDATED', '2'],
    names: ['Changed^Name', 'Walkthrough^Patient'],
    stale: 'Requested version(s) of ImageSet(s) is not the latest.',
    reverted: ['ACTIVE', 'UPDATED', '3'],
    versions: [
      ['3', 'UPDATED'],
      ['2', 'UPDATED'],
      ['1', 'CREATED'],
    ],
    copied: [
      ['ACTIVE', 'COPIED', '3'],
      ['ACTIVE', 'COPIED', '1'],
    ],
    tags: { Project: 'Walkthrough' },
    deleting: [
      ['LOCKED', 'DELETING'],
      ['LOCKED', 'DELETING'],
      ['LOCKED', 'DELETING'],
    ],
    deleted: ['DELETED', 'DELETED', 'DELETED'],
    datastore: 'DELETED',
  })
})

const AWS_CLIS = [
  { name: 'the AWS CLI 2, by name', skip: skipUnlessAws2(), envFor: aws2ByName },
  { name: 'the AWS CLI on PATH', skip: skipUnlessAws(), envFor: awsAtItsOwnHost },
]

for (const { name, skip, envFor } of sample(AWS_CLIS, AWS_CLIS.length)) {
  test(name, { ...skip, ...skipUnlessOpenJPH() }, async () => {
    const { inputS3Uri, outputS3Uri, dataAccessRoleArn } = await putStudy(hilum)
    const folder = temporaryFolder()
    // The CLI 2 expects blobs in base64 by default; the CLI 1 does not, and does not have the setting.
    writeFileSync(join(folder, 'config'), '[default]\ncli_binary_format = raw-in-base64-out\n')
    const env = {
      ...environmentFor(hilum),
      ...envFor(hilum),
      AWS_CONFIG_FILE: join(folder, 'config'),
      INPUT: inputS3Uri,
      OUTPUT: outputS3Uri,
      ROLE: dataAccessRoleArn,
    }
    const output = await run('sh', [programOf('cli/walkthrough.sh')], { env, cwd: folder })
    assert.deepEqual(output.trim().split('\n'), [
      'found 2',
      'updating LOCKED UPDATING 2',
      'updated ACTIVE UPDATED 2',
      'name 2 Changed^Name',
      'name 1 Walkthrough^Patient',
      'reverted ACTIVE UPDATED 3',
      'version 3 UPDATED',
      'version 2 UPDATED',
      'version 1 CREATED',
      'copied ACTIVE COPIED 3, ACTIVE COPIED 1',
      'tags {"Project":"Walkthrough"}',
      'deleting LOCKED DELETING',
      'deleting LOCKED DELETING',
      'deleting LOCKED DELETING',
      'deleted',
    ])
    const decoded = readdirSync(folder)
      .filter((name) => /\.(raw|ppm)$/.test(name))
      .map((name) => crc32(pixelsOf(readFileSync(join(folder, name)))))
    assert.deepEqual(decoded.toSorted(), Object.values(CHECKSUMS).flat().toSorted())
  })
}

/** Without the header of a PPM file, if there is one. */
function pixelsOf(file: Buffer): Buffer {
  const head = /^P6\s+(?:#.*\n)?\d+\s+\d+\s+255\s/.exec(file.subarray(0, 100).toString('latin1'))
  return file.subarray(head?.[0].length ?? 0)
}
