/** Corrects how the WebAssembly build of OpenJPH, in browsers and in the server, orders the lines of colour without a transform. */

interface MixedUpPicture {
  /** One byte per sample up to 8 bits, else two. */
  readonly cells: Uint8Array
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: number
  readonly bitsPerSample: number
}

/**
 * Without a colour transform, OpenJPH returns all lines of one component before those of the next. The build takes them for the components
 * of one line each: line n of all goes to component n mod samples of row n / samples.
 */
export function linesByPixel({ cells, rows, columns, samplesPerPixel, bitsPerSample }: MixedUpPicture): Uint8Array {
  const size = bitsPerSample > 8 ? 2 : 1
  const stride = samplesPerPixel * size
  const pixels = new Uint8Array(cells.length)
  for (let line = 0; line < rows * samplesPerPixel; line++) {
    let from = Math.floor(line / samplesPerPixel) * columns * stride + (line % samplesPerPixel) * size
    let to = (line % rows) * columns * stride + Math.floor(line / rows) * size
    for (let column = 0; column < columns; column++, from += stride, to += stride) {
      pixels[to] = cells[from]!
      if (size === 2) pixels[to + 1] = cells[from + 1]!
    }
  }
  return pixels
}
