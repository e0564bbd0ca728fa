/** All instances of a study or series as multipart/related, or as a zip archive with a DICOMDIR, sent while they are made (PS3.18 10.4). */
import type { RetrievedFile, RetrievedFiles, Segment } from '../../contract/dicomweb.ts'
import type { WireReply } from '../http/wire.ts'
import { acceptedOf } from './accept.ts'
import type { DicomwebAnswer } from './answer.ts'
import { bytesOfSegments, type Multipart, multipart, started } from './bodies.ts'
import { namedStudy } from './named.ts'
import { openedAhead } from './opened-ahead.ts'
import { wantedFileSets } from './wanted-syntaxes.ts'
import { zipReply } from './zip-reply.ts'

const DICOM = 'application/dicom'

export const retrieveFiles: DicomwebAnswer = async (call, { app, operations }) => {
  const { isZip, wanted } = wantedFileSets(acceptedOf(call))
  const files = { ...namedStudy(call), wanted }
  if (!isZip) return multipartReply(await operations.retrieveFiles(files, app), multipart(app.newId()))
  const { leftOut, ...fileSet } = await operations.retrieveFileSet(files, app)
  // Checked to be digits and dots.
  const fileName = `${call.labels.series ?? call.labels.study}.zip`
  const reply = await zipReply(fileSet, { fileName, at: app.clock() })
  return { ...reply, status: statusOf(leftOut), headers: { ...reply.headers, ...headersOf(leftOut) } }
}

async function multipartReply({ files, leftOut }: RetrievedFiles, parts: Multipart): Promise<WireReply> {
  return {
    status: statusOf(leftOut),
    headers: {
      'Content-Type': `multipart/related; type="${DICOM}"; boundary=${parts.boundary}`,
      ...headersOf(leftOut),
    },
    body: await started(partsOf(files(), parts)),
  }
}

const statusOf = (leftOut: number): number => (leftOut === 0 ? 200 : 206)

const headersOf = (leftOut: number): Record<string, string> => ({
  Vary: 'Accept',
  ...(leftOut > 0 && { Warning: warningOf(leftOut) }),
})

/** PS3.18 names this header for what the status cannot say. */
const warningOf = (leftOut: number): string =>
  `299 hilum "${leftOut} instance(s) left out: they cannot be sent in a transfer syntax that Accept allows"`

async function* partsOf(files: AsyncGenerator<RetrievedFile>, parts: Multipart): AsyncGenerator<Uint8Array> {
  const opened = openedAhead(files, (file) => bytesOfSegments(segmentsOf(file, parts), { ahead: file.ahead }))
  for await (const { bytes } of opened) yield* bytes
  yield parts.end
}

function* segmentsOf(file: RetrievedFile, parts: Multipart): Generator<Segment> {
  yield parts.head(`${DICOM}; transfer-syntax=${file.transferSyntaxUID}`)
  yield* file.segments()
  yield parts.partEnd
}
