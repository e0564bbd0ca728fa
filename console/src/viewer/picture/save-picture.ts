/** Saves a picture as a file. */
import { textOf } from '../stack/values.ts'
import { makePicture, type PictureOptions, type PictureSource } from './make-picture.ts'

export async function savePicture(source: PictureSource, options: PictureOptions): Promise<void> {
  const url = URL.createObjectURL(await makePicture(source, options))
  const link = document.createElement('a')
  link.href = url
  link.download = fileNameOf(source)
  link.click()
  // The browser has the file when it next waits.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

/** `CT-series-3-image-12.png`: without data of the patient. */
function fileNameOf({ image, index }: Pick<PictureSource, 'image' | 'index'>): string {
  const [modality, series] = ['Modality', 'SeriesNumber'].map((keyword) => textOf(image.attribute(keyword)))
  const parts = [modality, series && `series-${series}`, `image-${index + 1}`].filter(Boolean)
  return `${parts.join('-').replace(/[^\w-]/g, '')}.png`
}
