/** One process of OpenJPH and nothing else: encodes as many frames as it is told, when it is told to begin. The frames are drawn here. */
import { createRequire } from 'node:module'

export const SIDE = 512
/** Encoded before the time is taken, per core, so that the code is compiled. */
export const WARM_UP_FRAMES = 64

/** A round body with noise, 16 bits and signed as from a CT, about as hard to compress as one (2.7 to 1). */
export function drawCT(seed: number): Uint8Array {
  const cells = new Int16Array(SIDE * SIDE)
  let random = seed + 1
  for (let index = 0; index < cells.length; index++) {
    const x = (index % SIDE) - SIDE / 2
    const y = Math.floor(index / SIDE) - SIDE / 2
    random = (random * 1_103_515_245 + 12_345) % 2 ** 31
    const noise = ((random >> 8) % 41) - 20
    const isInside = x * x + 1.6 * y * y < 200 * 200
    cells[index] = isInside
      ? 40 + Math.round(30 * Math.sin(x / 23 + seed) * Math.cos(y / 31)) + noise
      : -1000 + (noise >> 2)
  }
  return new Uint8Array(cells.buffer)
}

interface OpenJPH {
  readonly HTJ2KEncoder: new () => {
    getDecodedBuffer(frame: object): Uint8Array
    getEncodedBuffer(): Uint8Array
    encode(): void
    setQuality(reversible: boolean, step: number): void
    setProgressionOrder(order: number): void
    setDecompositions(levels: number): void
    setTLMMarker(set: boolean): void
    setTilePartDivisionsAtResolutions(set: boolean): void
    delete(): void
  }
}

if (process.send !== undefined) {
  const open = createRequire(import.meta.url)('@cornerstonejs/codec-openjph') as () => Promise<OpenJPH>
  const openjph = await open()
  const frames = Array.from({ length: 16 }, (_, index) => drawCT(index))
  const encode = (index: number) => {
    const encoder = new openjph.HTJ2KEncoder()
    const frame = {
      width: SIDE,
      height: SIDE,
      bitsPerSample: 16,
      componentCount: 1,
      isSigned: true,
      isUsingColorTransform: false,
    }
    encoder.getDecodedBuffer(frame).set(frames[index % frames.length]!)
    encoder.setQuality(true, 0)
    encoder.setProgressionOrder(2)
    encoder.setDecompositions(4)
    encoder.setTLMMarker(true)
    encoder.setTilePartDivisionsAtResolutions(true)
    encoder.encode()
    const sizeBytes = encoder.getEncodedBuffer().length
    encoder.delete()
    return sizeBytes
  }
  for (let index = 0; index < WARM_UP_FRAMES; index++) encode(index)
  process.once('message', () => {
    const start = process.cpuUsage()
    for (let index = 0; index < Number(process.argv[2]); index++) encode(index)
    const { user, system } = process.cpuUsage(start)
    process.send!({ processorSeconds: (user + system) / 1e6 }, () => process.disconnect())
  })
  process.send('warm')
}
