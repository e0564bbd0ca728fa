/** A Hilum in this process whose data stores are read through DICOMweb, with signatures. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import {
  CreateDatastoreCommand,
  type CreateDatastoreCommandInput,
  GetImageSetCommand,
  MedicalImagingClient,
  SearchImageSetsCommand,
  UpdateImageSetMetadataCommand,
} from '@aws-sdk/client-medical-imaging'
import { signedFetch } from '../../cli/client/signed-fetch.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { importFiles } from '../../fixtures/import-files.ts'
import { type Hilum, type HilumOptions, startHilum } from '../../testing.ts'

export interface DicomwebStore {
  readonly datastoreId: string
  /** A path below the data store, with its query. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>
  /** The bytes of a reply with status 200. */
  bytes(path: string, headers?: Readonly<Record<string, string>>): Promise<Buffer>
  json(path: string): Promise<readonly Readonly<Record<string, JsonAttribute>>[]>
  bringIn(...files: readonly Uint8Array[]): Promise<void>
  imageSetIds(isPrimary: boolean): Promise<readonly string[]>
  /** Updates attributes of the only primary image set, and waits for the next version. */
  update(updatableAttributes: object): Promise<void>
}

export interface JsonAttribute {
  readonly vr: string
  readonly Value?: readonly unknown[]
  readonly BulkDataURI?: string
  readonly InlineBinary?: string
}

interface Dicomweb {
  readonly hilum: Hilum
  readonly client: MedicalImagingClient
  /** A new data store. */
  open(options?: Omit<CreateDatastoreCommandInput, 'datastoreName'>): Promise<DicomwebStore>
  stop(): Promise<void>
}

export async function startDicomweb(options: HilumOptions = {}): Promise<Dicomweb> {
  const hilum = await startHilum({ logLevel: 'error', ...options })
  const client = new MedicalImagingClient({ ...hilum.client, maxAttempts: 1 })
  return {
    ...{ hilum, client },
    async open(created = {}) {
      const command = new CreateDatastoreCommand({ datastoreName: `store-${randomUUID()}`, ...created })
      const { datastoreId } = await client.send(command)
      return storeOf(datastoreId!, { hilum, client })
    },
    async stop() {
      client.destroy()
      await hilum.stop()
    },
  }
}

function storeOf(datastoreId: string, { hilum, client }: Pick<Dicomweb, 'hilum' | 'client'>): DicomwebStore {
  const get: DicomwebStore['get'] = (path, headers = {}) => {
    const [whole = '', query = ''] = path.split('?')
    return signedFetch(hilum.client, {
      ...{ method: 'GET', path: `/datastore/${datastoreId}/${whole}`, headers },
      query: Object.fromEntries(new URLSearchParams(query)),
    })
  }
  const bytes: DicomwebStore['bytes'] = async (path, headers) => {
    const response = await get(path, headers)
    const body = Buffer.from(await response.arrayBuffer())
    assert.equal(response.status, 200, body.toString('latin1', 0, 500))
    return body
  }
  const imageSetIds = async (isPrimary: boolean) => {
    const filters = [{ operator: 'EQUAL' as const, values: [{ isPrimary }] }]
    const found = await client.send(new SearchImageSetsCommand({ datastoreId, searchCriteria: { filters } }))
    return (found.imageSetsMetadataSummaries ?? []).map(({ imageSetId }) => imageSetId!)
  }
  return {
    ...{ datastoreId, get, bytes, imageSetIds },
    json: async (path) => JSON.parse((await bytes(path)).toString()),
    bringIn: (...files) => importFiles(datastoreId, files, { client, hilum }),
    async update(attributes) {
      const [imageSetId] = await imageSetIds(true)
      const updatableAttributes = Buffer.from(JSON.stringify({ SchemaVersion: '1.1', ...attributes }))
      const updateImageSetMetadataUpdates = { DICOMUpdates: { updatableAttributes } }
      const named = { datastoreId, imageSetId: imageSetId! }
      await client.send(
        new UpdateImageSetMetadataCommand({ ...named, latestVersionId: '1', updateImageSetMetadataUpdates }),
      )
      while ((await client.send(new GetImageSetCommand(named))).imageSetState !== 'ACTIVE') await wait(5)
    },
  }
}

/** The path of the instance of a file, below its data store. */
export function pathOf(file: Uint8Array): string {
  const { dataSet } = parseP10(file)
  const [study, series, instance] = ['0020000D', '0020000E', '00080018'].map((tag) => dataSet.string(tag)!)
  return `studies/${study}/series/${series}/instances/${instance}`
}

interface BodyPart {
  readonly contentType: string
  readonly bytes: Buffer
}

/** The parts of a multipart/related body. */
export function partsOf(body: Buffer, contentType: string): readonly BodyPart[] {
  const [, boundary] = /boundary="?([^";]+)"?/.exec(contentType) ?? []
  assert.ok(boundary !== undefined, contentType)
  const marker = Buffer.from(`--${boundary}`)
  const parts: BodyPart[] = []
  let at = body.indexOf(marker)
  for (;;) {
    const start = at + marker.length
    if (body.toString('latin1', start, start + 2) === '--') break
    const end = body.indexOf(Buffer.concat([Buffer.from('\r\n'), marker]), start)
    assert.ok(end > 0, 'the last boundary is missing')
    const headEnd = body.indexOf('\r\n\r\n', start)
    const [, type = ''] = /content-type: (.*)/i.exec(body.toString('latin1', start, headEnd)) ?? []
    parts.push({ contentType: type.trim(), bytes: body.subarray(headEnd + 4, end) })
    at = end + 2
  }
  return parts
}
