/** `hilum import --json-metadata` as a process, against a server as a process. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import { serveDatastore } from '../served-datastore.fixture.ts'

test('hilum import --json-metadata imports a folder with values from a file in it', async (t) => {
  const { cwd, client, datastoreId, hilum } = await serveDatastore(t)

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
  const importWith = (...mapping: string[]) =>
    hilum('import', 'disc', '--datastore', 'mine', ...mapping.flatMap((each) => ['--json-metadata', each]))
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
