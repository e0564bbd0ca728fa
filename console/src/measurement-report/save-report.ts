/** Stores a measurement report in the study of its images, by STOW-RS. */
import type { Api } from '../api.ts'
import type { ShapeOnImage } from '../viewer/measure/shapes.ts'
import { textOf } from '../viewer/stack/values.ts'
import { reportFile } from './write-report.ts'

/** @throws HilumError if it wasn't stored */
export async function saveReport(
  api: Api,
  { datastoreId, measurements }: { readonly datastoreId: string; readonly measurements: readonly ShapeOnImage[] },
): Promise<void> {
  const study = textOf(measurements[0]!.image.instance.StudyInstanceUID)
  const body = reportFile(measurements, { now: nowOf(new Date()), newUid })
  await api.dicomweb(datastoreId, { method: 'POST', path: ['studies', study], body, contentType: 'application/dicom' })
}

const two = (number: number): string => String(number).padStart(2, '0')

const nowOf = (date: Date) => ({
  date: `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`,
  time: [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(''),
})

/** From a random UUID (PS3.5 B.2). `crypto.randomUUID` needs TLS. */
function newUid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return `2.25.${bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)}`
}
