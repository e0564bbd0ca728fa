/** Decodes scans of lossless JPEG (ITU-T T.81 annex H): each sample is a prediction from its neighbours and a Huffman-coded difference. */
import { BitReader } from './huffman.ts'
import { type JPEGFrame, type JPEGScan, jpegFault } from './markers.ts'

/**
 * @param samples by pixel, for the whole frame; filled with those of the scan's components
 * @returns the end of the scan's entropy-coded bytes
 */
export function decodeLosslessScan(
  stream: Uint8Array,
  { frame, scan, samples }: { frame: JPEGFrame; scan: JPEGScan; samples: Uint16Array },
): number {
  const { predictor, pointTransform, restartInterval } = scan
  if (predictor < 1 || predictor > 7) throw jpegFault('has a predictor that does not exist')
  if (pointTransform >= frame.precision) throw jpegFault('has a point transform beyond its precision')
  if (frame.components.some(({ horizontal, vertical }) => horizontal !== 1 || vertical !== 1)) {
    throw jpegFault('is lossless and subsampled')
  }
  const { rows, columns } = frame
  if (restartInterval % columns !== 0) throw jpegFault('has restarts inside a row')
  const bits = new BitReader(stream, scan.offsetBytes)
  const stride = frame.components.length
  const rowSamples = columns * stride
  const start = 1 << (frame.precision - pointTransform - 1)
  const restartRows = restartInterval / columns
  for (let row = 0; row < rows; row++) {
    const isRestart = row > 0 && restartRows > 0 && row % restartRows === 0
    if (isRestart) bits.restart()
    const isFirst = row === 0 || isRestart
    for (let column = 0; column < columns; column++) {
      for (const { index, dc } of scan.components) {
        const at = row * rowSamples + column * stride + index
        const size = bits.decode(dc)
        if (size > 16) throw jpegFault('has a difference of more than 16 bits')
        const difference = size === 16 ? 32_768 : bits.difference(size)
        let prediction: number
        if (column === 0) prediction = isFirst ? start : samples[at - rowSamples]!
        else if (isFirst) prediction = samples[at - stride]!
        else
          prediction = predict(
            predictor,
            samples[at - stride]!,
            samples[at - rowSamples]!,
            samples[at - rowSamples - stride]!,
          )
        samples[at] = prediction + difference
      }
    }
  }
  if (pointTransform > 0) {
    for (const { index } of scan.components) {
      for (let at = index; at < samples.length; at += stride) samples[at] = samples[at]! << pointTransform
    }
  }
  return bits.end()
}

/** T.81 table H.1, from the samples to the left, above, and above left. Positional: it runs for every sample. */
function predict(predictor: number, left: number, above: number, corner: number): number {
  switch (predictor) {
    case 1:
      return left
    case 2:
      return above
    case 3:
      return corner
    case 4:
      return left + above - corner
    case 5:
      return left + ((above - corner) >> 1)
    case 6:
      return above + ((left - corner) >> 1)
    default:
      return (left + above) >> 1
  }
}
