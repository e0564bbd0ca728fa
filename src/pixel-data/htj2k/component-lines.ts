/** What OpenJPH makes of colour without a transform, put right: the build that browsers and the server have mixes up its lines. */

interface MixedUpPicture {
  /** A byte a sample up to 8 bits, else two. */
  readonly cells: Uint8Array
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: number
  readonly bitsPerSample: number
}

/**
 * Where a codestream has no colour transform, OpenJPH gives the lines of one component after those of another, and the build takes
 * them for the components of one line after another: line n of all goes to component n mod samples of row n / samples.
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
