/**
 * Decodes text by Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 6.1): single-byte sets, ISO 2022 code extensions, UTF-8, GB18030 and GBK.
 * TextDecoder supplies the byte tables. Never throws: text in an unknown character set is read as windows-1252, which maps every byte to
 * its own character.
 */

export interface CharacterSet {
  /**
   * The text of a value. Keeps the backslashes between values; a backslash byte inside a multi-byte character is part of that character.
   * @param delimiters characters at which code extensions reset to the initial sets (PS3.5 6.1.2.5.3)
   */
  decode(bytes: Uint8Array, delimiters?: string): string
  /** The unknown defined terms in (0008,0005). If there are any, the text may be wrong. */
  unknownTerms: readonly string[]
}

/** One half of the code table: its TextDecoder, and whether its characters have more than one byte. */
interface CodeElement {
  label: string
  /** Sets with the high bit set: JIS X 0208 and 0212 occupy the lower half in ISO 2022 and the upper half in EUC-JP. */
  eucPrefix?: readonly number[]
}

interface Designation {
  g0: CodeElement
  g1: CodeElement
}

/** WHATWG decodes ISO 8859-1 as windows-1252 and 8859-9 as windows-1254: the C1 controls that this replaces do not occur in names. */
const LATIN1: CodeElement = { label: 'windows-1252' }
const JIS_X_0201: CodeElement = { label: 'shift_jis' }
const JIS_X_0208: CodeElement = { label: 'euc-jp', eucPrefix: [] }
const JIS_X_0212: CodeElement = { label: 'euc-jp', eucPrefix: [0x8f] }
const KS_X_1001: CodeElement = { label: 'euc-kr' }
const GB_2312: CodeElement = { label: 'gbk' }

/** Single-byte sets by the number in their defined term: ASCII in the lower half, the set in the upper half (PS3.3 table C.12-2). */
const SINGLE_BYTE: ReadonlyMap<string, CodeElement> = new Map([
  ['6', LATIN1],
  ['100', LATIN1],
  ['101', { label: 'iso-8859-2' }],
  ['109', { label: 'iso-8859-3' }],
  ['110', { label: 'iso-8859-4' }],
  ['126', { label: 'iso-8859-7' }],
  ['127', { label: 'iso-8859-6' }],
  ['138', { label: 'iso-8859-8' }],
  ['144', { label: 'iso-8859-5' }],
  ['148', { label: 'windows-1254' }],
  ['166', { label: 'windows-874' }],
  ['203', { label: 'iso-8859-15' }],
  ['13', JIS_X_0201],
])

/** Multi-byte sets of PS3.3 table C.12-4, selected by an escape sequence. */
const MULTI_BYTE: ReadonlyMap<string, CodeElement> = new Map([
  ['87', JIS_X_0208],
  ['159', JIS_X_0212],
  ['149', KS_X_1001],
  ['58', GB_2312],
])

/** Sets without code extensions (PS3.3 table C.12-5), by normalised term. */
const WITHOUT_EXTENSIONS: ReadonlyMap<string, string> = new Map([
  ['192', 'utf-8'],
  ['GB18030', 'gb18030'],
  ['GBK', 'gbk'],
])

/** Escape sequences without ESC (PS3.3 tables C.12-3 and C.12-4). `$@`, JIS C 6226-1978, is not in DICOM but occurs in old files. */
const ESCAPES: ReadonlyMap<string, Partial<Designation>> = new Map([
  ['(B', { g0: LATIN1 }],
  ['(J', { g0: JIS_X_0201 }],
  [')I', { g1: JIS_X_0201 }],
  ['-A', { g1: SINGLE_BYTE.get('100')! }],
  ['-B', { g1: SINGLE_BYTE.get('101')! }],
  ['-C', { g1: SINGLE_BYTE.get('109')! }],
  ['-D', { g1: SINGLE_BYTE.get('110')! }],
  ['-F', { g1: SINGLE_BYTE.get('126')! }],
  ['-G', { g1: SINGLE_BYTE.get('127')! }],
  ['-H', { g1: SINGLE_BYTE.get('138')! }],
  ['-L', { g1: SINGLE_BYTE.get('144')! }],
  ['-M', { g1: SINGLE_BYTE.get('148')! }],
  ['-T', { g1: SINGLE_BYTE.get('166')! }],
  ['-b', { g1: SINGLE_BYTE.get('203')! }],
  ['$B', { g0: JIS_X_0208 }],
  ['$@', { g0: JIS_X_0208 }],
  ['$(D', { g0: JIS_X_0212 }],
  ['$)C', { g1: KS_X_1001 }],
  ['$)A', { g1: GB_2312 }],
])

const ESC = 0x1b

/** The default repertoire, ISO 646. Bytes above it are illegal and are read as windows-1252. */
export const DEFAULT_CHARACTER_SET: CharacterSet = characterSetOf([])

/** The decoder for the values of Specific Character Set, in order. */
export function characterSetOf(terms: readonly string[]): CharacterSet {
  const known = terms.map(normalise)
  const unknownTerms = terms.filter((term, index) => term.trim() !== '' && !isKnown(known[index]!))
  const alone = known.map((term) => WITHOUT_EXTENSIONS.get(term)).find((label) => label !== undefined)
  if (alone !== undefined) return { decode: (bytes) => decodeWith(alone, bytes), unknownTerms }
  const first = SINGLE_BYTE.get(known[0] ?? '')
  // C.12.1.1.2 forbids a multi-byte set as the first value, but files have it; it works because its bytes are distinguishable.
  const g1 = first ?? MULTI_BYTE.get(known[0] ?? '') ?? LATIN1
  const initial: Designation = { g0: first ?? LATIN1, g1: g1.eucPrefix ? LATIN1 : g1 }
  return { decode: (bytes, delimiters = '\\') => decodeSwitching(bytes, initial, delimiters), unknownTerms }
}

/** The number or name in a defined term, including misspellings that occur: `ISO IR 100`, `ISO_2022-IR-87`, `UTF-8`. */
function normalise(term: string): string {
  const upper = term.trim().toUpperCase()
  const numbered = /^ISO[-_ ]?(?:2022[-_ ]?)?IR[-_ ]?(\d+)$/.exec(upper)
  if (numbered) return numbered[1]!
  return /^UTF[-_ ]?8$/.test(upper) ? '192' : upper
}

function isKnown(term: string): boolean {
  return SINGLE_BYTE.has(term) || MULTI_BYTE.has(term) || WITHOUT_EXTENSIONS.has(term)
}

/** Follows the ISO 2022 escape sequences of a value, and resets to the initial sets at each delimiter. */
function decodeSwitching(bytes: Uint8Array, initial: Designation, delimiters: string): string {
  if (isAscii(bytes)) return decodeAscii(bytes)
  let text = ''
  let { g0, g1 } = initial
  let runStart = 0
  const flush = (end: number) => {
    if (end > runStart) text += decodeRun(bytes.subarray(runStart, end), { g0, g1 })
  }
  let position = 0
  while (position < bytes.length) {
    const byte = bytes[position]!
    if (byte === ESC) {
      const escaped = escapeAt(bytes, position)
      flush(position)
      position += escaped?.lengthBytes ?? 1
      // An unknown escape sequence changes nothing. Only its ESC is dropped, so that the rest stays readable.
      runStart = position
      g0 = escaped?.designation.g0 ?? g0
      g1 = escaped?.designation.g1 ?? g1
    } else if (g0.eucPrefix !== undefined && byte >= 0x21 && byte <= 0x7e) {
      position += 2
    } else {
      position += 1
      if (byte < 0x20 || (byte < 0x7f && delimiters.includes(String.fromCharCode(byte)))) {
        flush(position)
        runStart = position
        ;({ g0, g1 } = initial)
      }
    }
  }
  flush(bytes.length)
  return text
}

function escapeAt(
  bytes: Uint8Array,
  position: number,
): { designation: Partial<Designation>; lengthBytes: number } | undefined {
  for (const length of [2, 3]) {
    const sequence = decodeAscii(bytes.subarray(position + 1, position + 1 + length))
    const designation = ESCAPES.get(sequence)
    if (designation !== undefined) return { designation, lengthBytes: length + 1 }
  }
  return undefined
}

/** Decodes bytes under one designation. Every G1 table has ASCII in its lower half, so only a multi-byte G0 needs a split. */
function decodeRun(bytes: Uint8Array, { g0, g1 }: Designation): string {
  if (g0.eucPrefix === undefined) return decodeWith(g1 === LATIN1 ? g0.label : g1.label, bytes)
  let text = ''
  let position = 0
  while (position < bytes.length) {
    const start = position
    if (bytes[start]! >= 0x80) {
      while (position < bytes.length && bytes[position]! >= 0x80) position += 1
      text += decodeWith(g1.label, bytes.subarray(start, position))
    } else {
      while (position < bytes.length && bytes[position]! < 0x80) position += 1
      text += decodeWith(g0.label, toEuc(bytes.subarray(start, position), g0.eucPrefix))
    }
  }
  return text
}

/** Moves pairs of a 94x94 set from the lower half, as in ISO 2022, to the upper half, as in EUC-JP. */
function toEuc(bytes: Uint8Array, prefix: readonly number[]): Uint8Array {
  const euc: number[] = []
  for (let position = 0; position < bytes.length; position += 1) {
    const byte = bytes[position]!
    const next = bytes[position + 1]
    if (byte < 0x21 || byte > 0x7e || next === undefined) {
      euc.push(byte)
    } else {
      euc.push(...prefix, byte | 0x80, next | 0x80)
      position += 1
    }
  }
  return Uint8Array.from(euc)
}

/** Decoders keep no state between calls, so one per label is enough. */
const decoders = new Map<string, InstanceType<typeof TextDecoder>>()

function decodeWith(label: string, bytes: Uint8Array): string {
  if (isAscii(bytes)) return decodeAscii(bytes)
  let decoder = decoders.get(label)
  if (decoder === undefined) {
    decoder = new TextDecoder(label, { ignoreBOM: true })
    decoders.set(label, decoder)
  }
  return decoder.decode(bytes)
}

/** True if no byte needs a table: no high bit, no escape. `\` and `~` then keep their meaning even in JIS X 0201. */
function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte >= 0x80 || byte === ESC) return false
  return true
}

function decodeAscii(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
