/** Pictures for tests of the viewer: files drawn here, imported, opened in a page, and the pixels that the page shows of them. */
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

/** A file of images, in a study of its own unless the attributes say otherwise. */
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

/** Imports the files, which must become one image set; answers its id. */
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

/** At its actual size in the middle of the stage: red, green and blue of each pixel, as they are on the canvas. */
export async function shownPixels(page: Page, { columns, rows }: { columns: number; rows: number }): Promise<Buffer> {
  const text = await page.evaluate(
    ([columns, rows]) => {
      const canvas = document.querySelector<HTMLCanvasElement>('.viewer-canvas')!
      const [left, top] = [Math.floor((canvas.width - columns!) / 2), Math.floor((canvas.height - rows!) / 2)]
      // Off a copy: a browser warns of a canvas on screen that is read more than once.
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

/** Red, green and blue of each pixel, of samples of grey. */
export const inColour = (greys: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: greys.length * 3 }, (_, at) => greys[Math.floor(at / 3)]!)

/** How far two images are apart at most, and in how many samples by more than one. */
export function difference(a: Uint8Array, b: Uint8Array): { readonly most: number; readonly beyondOne: number } {
  assert.equal(a.length, b.length)
  let [most, beyondOne] = [0, 0]
  for (let at = 0; at < a.length; at++) {
    const apart = Math.abs(a[at]! - b[at]!)
    most = Math.max(most, apart)
    if (apart > 1) beyondOne += 1
  }
  return { most, beyondOne }
}
