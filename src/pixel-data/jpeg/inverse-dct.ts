/**
 * The inverse DCT in integers, bit for bit as the accurate method of the Independent JPEG Group's reference implementation (Loeffler,
 * Ligtenberg and Moschytz). Other DICOM decoders use it too, so checksums of pixels agree.
 */

const CONSTANT_BITS = 13

const fixed = (value: number): number => Math.round(value * 2 ** CONSTANT_BITS)
const C0_298 = fixed(0.298631336)
const C0_390 = fixed(0.390180644)
const C0_541 = fixed(0.5411961)
const C0_765 = fixed(0.765366865)
const C0_899 = fixed(0.899976223)
const C1_175 = fixed(1.175875602)
const C1_501 = fixed(1.50132111)
const C1_847 = fixed(1.847759065)
const C1_961 = fixed(1.96157056)
const C2_053 = fixed(2.053119869)
const C2_562 = fixed(2.562915447)
const C3_072 = fixed(3.072711026)

const workspace = new Int32Array(64)

interface BlockTarget {
  readonly precision: number
  readonly samples: Uint16Array
  readonly offset: number
  readonly strideSamples: number
}

/** @param coefficients dequantized, by row */
export function inverseDCT(coefficients: Int32Array, target: BlockTarget): void {
  // With 12 bits, one bit less is kept between the passes, so that 32 bits suffice.
  const keptBits = target.precision === 8 ? 2 : 1
  for (let column = 0; column < 8; column++) {
    transform(coefficients, { from: column, step: 8, to: workspace, toStart: column, shift: CONSTANT_BITS - keptBits })
  }
  for (let row = 0; row < 64; row += 8) {
    transform(workspace, { from: row, step: 1, to: workspace, toStart: row, shift: CONSTANT_BITS + keptBits + 3 })
  }
  const { samples, strideSamples, offset, precision } = target
  const centre = 1 << (precision - 1)
  const max = 2 * centre - 1
  // The reference's range limit table is indexed with two bits more than a sample has: a value beyond that wraps around.
  const unused = 30 - precision
  for (let index = 0; index < 64; index++) {
    const value = ((workspace[index]! << unused) >> unused) + centre
    samples[offset + (index >> 3) * strideSamples + (index & 7)] = value < 0 ? 0 : value > max ? max : value
  }
}

interface Pass {
  from: number
  step: number
  to: Int32Array
  toStart: number
  shift: number
}

function transform(input: Int32Array, { from, step, to, toStart, shift }: Pass): void {
  const i1 = input[from + step]!
  const i2 = input[from + 2 * step]!
  const i3 = input[from + 3 * step]!
  const i5 = input[from + 5 * step]!
  const i6 = input[from + 6 * step]!
  const i7 = input[from + 7 * step]!
  const even = (i2 + i6) * C0_541
  const even2 = even - i6 * C1_847
  const even3 = even + i2 * C0_765
  const sum = (input[from]! + input[from + 4 * step]!) * 8192
  const difference = (input[from]! - input[from + 4 * step]!) * 8192
  const e0 = sum + even3
  const e3 = sum - even3
  const e1 = difference + even2
  const e2 = difference - even2

  const z5 = (i7 + i3 + i5 + i1) * C1_175
  const z1 = (i7 + i1) * -C0_899
  const z2 = (i5 + i3) * -C2_562
  const z3 = (i7 + i3) * -C1_961 + z5
  const z4 = (i5 + i1) * -C0_390 + z5
  const o0 = i7 * C0_298 + z1 + z3
  const o1 = i5 * C2_053 + z2 + z4
  const o2 = i3 * C3_072 + z2 + z3
  const o3 = i1 * C1_501 + z1 + z4

  const half = 2 ** (shift - 1)
  to[toStart] = (e0 + o3 + half) >> shift
  to[toStart + 7 * step] = (e0 - o3 + half) >> shift
  to[toStart + step] = (e1 + o2 + half) >> shift
  to[toStart + 6 * step] = (e1 - o2 + half) >> shift
  to[toStart + 2 * step] = (e2 + o1 + half) >> shift
  to[toStart + 5 * step] = (e2 - o1 + half) >> shift
  to[toStart + 3 * step] = (e3 + o0 + half) >> shift
  to[toStart + 4 * step] = (e3 - o0 + half) >> shift
}
