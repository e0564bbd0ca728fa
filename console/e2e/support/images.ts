/** Test images for the viewer: creates and imports files, and reads the pixels on the canvas. */
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { type Attributes, ExplicitVRLittleEndian, instance } from '../../../acceptance/support/fixtures.ts'
import { attributesOf, draw, type pixelOf } from '../../../acceptance/support/frames.ts'
import type { TestServer } from '../../../acceptance/support/hilum.ts'
import { importFiles } from '../../../acceptance/support/import.ts'

export { draw, lacks, openFolder, pixelOf } from '../../../acceptance/support/frames.ts'
export { netpbmPixels } from '../../../src/pixel-data/frames.fixture.ts'

export type Pixel = ReturnType<typeof pixelOf>

let studiesMade = 0

/** Creates a DICOM file with these frames. Each file is in a new study, unless the attributes have a Study Instance UID. */
export function imageFile({
  pixel,
  frames = Array.from({ length: pixel.numberOfFrames }, (_, index) => draw(pixel, index + 1)),
  attributes = {},
  transferSyntaxUID = ExplicitVRLittleEndian,
}: {
  readonly pixel: Pixel
  readonly frames?: readonly Uint8Array[]
  readonly attributes?: Attributes
  readonly transferSyntaxUID?: string
}): Uint8Array {
  const { SOPInstanceUID: _, SeriesInstanceUID: __, ...drawn } = attributesOf(pixel)
  const given = { ...drawn, StudyInstanceUID: `2.25.77.${++studiesMade}`, ...attributes } as Attributes
  return instance(given, { transferSyntaxUID, pixelData: { frames } })
}

/** Imports files of one image set. @returns the ID of the image set */
export async function importSet(
  server: TestServer,
  { datastoreId, files }: { readonly datastoreId: string; readonly files: readonly Uint8Array[] },
): Promise<string> {
  const named = Object.fromEntries(files.map((file, index) => [`${String(index).padStart(4, '0')}.dcm`, file]))
  const { manifest } = await importFiles(server, { datastoreId, files: named })
  assert.equal(manifest.imageSetsSummary.length, 1)
  return manifest.imageSetsSummary[0]!.imageSetId
}

export const imageSetAddress = (datastoreId: string, imageSetId: string): string =>
  `datastores/${datastoreId}/image-sets/${imageSetId}`

export type State = 'loading' | 'preview' | 'sharp' | 'failed'

export const waitForState = (page: Page, state: State): Promise<void> =>
  page.locator(`.viewer-stage[data-state=${state}]`).waitFor()

export const stageOf = (page: Page) => page.getByRole('application')

/** Reads the RGB pixels of the image, which must be centered at actual size. */
export async function shownPixels(page: Page, { columns, rows }: { columns: number; rows: number }): Promise<Buffer> {
  const text = await page.evaluate(
    ([columns, rows]) => {
      const canvas = document.querySelector<HTMLCanvasElement>('.viewer-canvas')!
      const [left, top] = [Math.floor((canvas.width - columns!) / 2), Math.floor((canvas.height - rows!) / 2)]
      // From a copy, because browsers log a warning for repeated reads of a visible canvas.
      const copy = new OffscreenCanvas(columns!, rows!).getContext('2d', { willReadFrequently: true })!
      copy.drawImage(canvas, left, top, columns!, rows!, 0, 0, columns!, rows!)
      const { data } = copy.getImageData(0, 0, columns!, rows!)
      let text = ''
      for (let at = 0; at < data.length; at += 4) text += String.fromCharCode(data[at]!, data[at + 1]!, data[at + 2]!)
      return text
    },
    [columns, rows],
  )
  return Buffer.from(text, 'latin1')
}

/** Converts gray samples to RGB. */
export const grayToRGB = (greys: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: greys.length * 3 }, (_, at) => greys[Math.floor(at / 3)]!)

/** The largest difference of two samples, and the number of samples that differ by more than one. */
export function differenceOf(a: Uint8Array, b: Uint8Array): { readonly max: number; readonly countAboveOne: number } {
  assert.equal(a.length, b.length)
  let [max, countAboveOne] = [0, 0]
  for (let at = 0; at < a.length; at++) {
    const difference = Math.abs(a[at]! - b[at]!)
    max = Math.max(max, difference)
    if (difference > 1) countAboveOne += 1
  }
  return { max, countAboveOne }
}
