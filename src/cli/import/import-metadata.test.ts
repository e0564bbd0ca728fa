/** `hilum import --json-metadata` as a process, against a server as a process. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { CreateDatastoreCommand, GetDatastoreCommand, SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { openClient } from '../client/client.ts'

test('hilum import --json-metadata imports a folder with values from a file in it', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-import-'))
  removeAtExit(cwd)
  const server = startHilumProcess(t, ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1'], { cwd })
  const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+) and/m)
  const credentials = JSON.parse(readFileSync(join(cwd, 'data', 'credentials.json'), 'utf8'))
  const client = openClient({ endpoint: endpoint!, region: 'us-east-1', credentials })
  t.after(() => client.destroy())
  const { datastoreId } = await client.send(new CreateDatastoreCommand({ datastoreName: 'mine' }))
  const status = async () =>
    (await client.send(new GetDatastoreCommand({ datastoreId }))).datastoreProperties?.datastoreStatus
  while ((await status()) !== 'ACTIVE') assert.notEqual(await status(), 'CREATE_FAILED')

  mkdirSync(join(cwd, 'disc', 'json'), { recursive: true })
  for (const series of [1, 2]) {
    const attributes = {
      ...{ SOPClassUID: '1.2.840.10008.5.1.4.1.1.7', SOPInstanceUID: `1.2.${series}.1` },
      ...{ StudyInstanceUID: '1.2', SeriesInstanceUID: `1.2.${series}`, PatientName: 'Of^File' },
    }
    const file = encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes })
    writeFileSync(join(cwd, 'disc', `${series}.dcm`), file)
  }
  writeFileSync(join(cwd, 'disc/json/a.json'), JSON.stringify({ '00100010': { vr: 'PN', Value: ['Of^Metadata'] } }))
  const importWith = async (...mapping: string[]) => {
    const words = ['import', 'disc', '--datastore', 'mine', '--data', 'data', '--port', new URL(endpoint!).port]
    const run = startHilumProcess(t, [...words, ...mapping.flatMap((each) => ['--json-metadata', each])], { cwd })
    return { code: await run.ended, output: run.output() }
  }
  for (const [wrong, sentence] of [
    ['1.2', /--json-metadata must be <StudyInstanceUID>=<file>/],
    ['1.2=none.json', /none\.json of --json-metadata is not in the imported folder/],
  ] as const) {
    const { code, output } = await importWith(wrong)
    assert.equal(code, 2)
    assert.match(output, sentence)
  }
  const { code, output } = await importWith('1.2/1.2.2=json/a.json')
  assert.equal(code, 0, output)
  const { imageSetsMetadataSummaries } = await client.send(new SearchImageSetsCommand({ datastoreId }))
  const names = imageSetsMetadataSummaries!.map(({ DICOMTags }) => DICOMTags!.DICOMPatientName)
  assert.deepEqual(names.toSorted(), ['Of^File', 'Of^Metadata'])
})
