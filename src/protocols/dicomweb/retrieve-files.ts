/** All instances of a study or series as multipart/related, sent while they are made (PS3.18 10.4). */
import type { RetrievedFile, RetrievedFiles, Segment } from '../../contract/dicomweb.ts'
import type { WireReply } from '../http/wire.ts'
import { acceptedOf } from './accept.ts'
import type { DicomwebAnswer } from './answer.ts'
import { bytesOfSegments, type Multipart, multipart, started } from './bodies.ts'
import { namedStudy } from './named.ts'
import { wantedFileSets } from './wanted-syntaxes.ts'

const DICOM = 'application/dicom'

export const retrieveFiles: DicomwebAnswer = async (call, { app, operations }) => {
  const wanted = wantedFileSets(acceptedOf(call))
  const found = await operations.retrieveFiles({ ...namedStudy(call), wanted }, app)
  return multipartReply(found, multipart(app.newId()))
}

async function multipartReply({ files, leftOut }: RetrievedFiles, parts: Multipart): Promise<WireReply> {
  return {
    status: leftOut === 0 ? 200 : 206,
    headers: {
      'Content-Type': `multipart/related; type="${DICOM}"; boundary=${parts.boundary}`,
      Vary: 'Accept',
      ...(leftOut > 0 && { Warning: warningOf(leftOut) }),
    },
    body: await started(partsOf(files(), parts)),
  }
}

/** PS3.18 names this header for what the status cannot say. */
const warningOf = (leftOut: number): string =>
  `299 hilum "${leftOut} instance(s) left out: they cannot be sent in a transfer syntax that Accept allows"`

async function* partsOf(files: AsyncGenerator<RetrievedFile>, parts: Multipart): AsyncGenerator<Uint8Array> {
  for await (const file of oneAhead(files)) yield* bytesOfSegments(segmentsOf(file, parts), { ahead: file.ahead })
  yield parts.end
}

function* segmentsOf(file: RetrievedFile, parts: Multipart): Generator<Segment> {
  yield parts.head(`${DICOM}; transfer-syntax=${file.transferSyntaxUID}`)
  yield* file.segments()
  yield parts.partEnd
}

/** Makes the next file while one is sent. */
async function* oneAhead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = source.next()
  try {
    for (;;) {
      const { done, value } = await next
      if (done === true) return
      next = source.next()
      // A failure is thrown when it is awaited.
      next.catch(() => {})
      yield value
    }
  } finally {
    await source.return(undefined)
  }
}
