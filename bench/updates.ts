/**
 * One image set of many instances: how long an update, a revert, a copy and its deletion take from the request to ACTIVE, and what the
 * server needs of memory for it beyond what it had before.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CopyImageSetCommand,
  DeleteImageSetCommand,
  GetImageSetCommand,
  SearchImageSetsCommand,
  UpdateImageSetMetadataCommand,
} from '@aws-sdk/client-medical-imaging'
import { ExplicitVRLittleEndian, encodeP10 } from '../src/dicom/encode.ts'
import { type BenchServer, startHilumServer } from './hilum-server.ts'
import { createActiveDatastore, importAll } from './importing.ts'
import { inTempFolder, residentBytes } from './processes.ts'

const SERIES = '2.25.1.1'
const SAMPLE_EVERY_MS = 5

/** Without pixels, and with about 2 KB of metadata each. */
async function writeInstances(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (let n = 0; n < count; n++) {
    const attributes = {
      ...{ SOPClassUID: '1.2.840.10008.5.1.4.1.1.2', SOPInstanceUID: `${SERIES}.${n}`, StudyInstanceUID: '2.25.1' },
      ...{ SeriesInstanceUID: SERIES, PatientID: 'P1', PatientName: 'Bench^First', InstanceNumber: n },
      ImageComments: `instance ${n} `.padEnd(1_500, 'of many '),
    }
    const bytes = encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes })
    await writeFile(join(folder, `${String(n).padStart(7, '0')}.dcm`), bytes)
  }
}

/** @param args `--instances N` */
export async function updatesBench(args: readonly string[]): Promise<number> {
  const at = args.indexOf('--instances')
  const count = at === -1 ? 5_000 : Number(args[at + 1])
  if (!Number.isSafeInteger(count) || count < 1) {
    process.stderr.write('npm run bench -- updates [--instances N]\n')
    return 2
  }
  await inTempFolder(async (folder) => {
    await writeInstances(join(folder, 'buckets/bench-input'), count)
    await mkdir(join(folder, 'buckets/bench-output'), { recursive: true })
    const server = await startHilumServer(folder)
    try {
      const datastoreId = await createActiveDatastore(server)
      const seconds = await importAll(server, { datastoreId })
      process.stdout.write(`imported ${count} instances in ${seconds.toFixed(1)} s\n`)
      await measureAll(server, datastoreId)
    } finally {
      server.client.destroy()
      await server.stop()
    }
  })
  return 0
}

async function measureAll(server: BenchServer, datastoreId: string): Promise<void> {
  const { client } = server
  const { imageSetsMetadataSummaries } = await client.send(new SearchImageSetsCommand({ datastoreId }))
  const imageSetId = imageSetsMetadataSummaries![0]!.imageSetId!
  const settled = async (id: string) => {
    for (;;) {
      const { imageSetState } = await client.send(new GetImageSetCommand({ datastoreId, imageSetId: id }))
      if (imageSetState !== 'LOCKED') return
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  const update = async (version: number, updateImageSetMetadataUpdates: object) => {
    const input = { datastoreId, imageSetId, latestVersionId: `${version}`, updateImageSetMetadataUpdates, force: true }
    await client.send(new UpdateImageSetMetadataCommand(input as never))
    await settled(imageSetId)
  }
  const attributes = (tree: object) => ({
    DICOMUpdates: { updatableAttributes: Buffer.from(JSON.stringify({ SchemaVersion: '1.1', ...tree })) },
  })
  const instances = { [`${SERIES}.0`]: { DICOM: { ImageComments: 'another' } } }
  let copy = ''
  await measure(server, 'update of PatientName', () =>
    update(1, attributes({ Patient: { DICOM: { PatientName: 'Bench^Second' } } })),
  )
  await measure(server, 'update of one instance', () =>
    update(2, attributes({ Study: { Series: { [SERIES]: { Instances: instances } } } })),
  )
  await measure(server, 'revert', () => update(3, { revertToVersionId: '1' }))
  await measure(server, 'copy', async () => {
    const copyImageSetInformation = { sourceImageSet: { latestVersionId: '4' } }
    const copying = new CopyImageSetCommand({ datastoreId, sourceImageSetId: imageSetId, copyImageSetInformation })
    copy = (await client.send(copying)).destinationImageSetProperties!.imageSetId!
    await settled(copy)
  })
  await measure(server, 'deletion of the copy', async () => {
    await client.send(new DeleteImageSetCommand({ datastoreId, imageSetId: copy }))
    await settled(copy)
  })
}

async function measure({ child }: BenchServer, name: string, work: () => Promise<void>): Promise<void> {
  const before = residentBytes(child.pid!)
  let most = before
  const sampling = setInterval(() => {
    most = Math.max(most, residentBytes(child.pid!))
  }, SAMPLE_EVERY_MS)
  const startedAt = performance.now()
  await work()
  const tookMs = performance.now() - startedAt
  clearInterval(sampling)
  const grownMB = Math.round((most - before) / 2 ** 20)
  process.stdout.write(
    `${name.padEnd(24)} ${Math.round(tookMs)} ms, ${grownMB} MB beyond ${Math.round(before / 2 ** 20)} MB\n`,
  )
}
