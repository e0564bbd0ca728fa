/**
 * Encodes text in its Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 6.1), with ISO 2022 escape sequences where there are several. The
 * byte tables are inverted from those of TextDecoder.
 */

import { DicomError } from './dicom-error.ts'

/** @throws DicomError where a character is outside the character set */
export type TextWriter = (text: string, element: { tag: string; vr: string }) => Uint8Array

/** A set of characters that ISO 2022 can designate to the lower (G0) or upper (G1) half of the code table. */
interface CodedSet {
  half: 'G0' | 'G1'
  escape: string
  label: string
  shape: Shape
}

type Shape = 'upper' | 'katakana' | 'pair' | 'triple'
type Table = ReadonlyMap<string, readonly number[]>

const upper = (sequence: string, label: string): CodedSet => ({ half: 'G1', escape: sequence, label, shape: 'upper' })

/** By the ISO registration number in the defined term. */
const SETS: Readonly<Record<string, CodedSet>> = {
  '13': { half: 'G1', escape: '\x1b)I', label: 'shift_jis', shape: 'katakana' },
  '58': { half: 'G1', escape: '\x1b$)A', label: 'gbk', shape: 'pair' },
  '87': { half: 'G0', escape: '\x1b$B', label: 'euc-jp', shape: 'pair' },
  '100': upper('\x1b-A', 'iso-8859-1'),
  '101': upper('\x1b-B', 'iso-8859-2'),
  '109': upper('\x1b-C', 'iso-8859-3'),
  '110': upper('\x1b-D', 'iso-8859-4'),
  '126': upper('\x1b-F', 'iso-8859-7'),
  '127': upper('\x1b-G', 'iso-8859-6'),
  '138': upper('\x1b-H', 'iso-8859-8'),
  '144': upper('\x1b-L', 'iso-8859-5'),
  '148': upper('\x1b-M', 'iso-8859-9'),
  '149': { half: 'G1', escape: '\x1b$)C', label: 'euc-kr', shape: 'pair' },
  '159': { half: 'G0', escape: '\x1b$(D', label: 'euc-jp', shape: 'triple' },
  '166': upper('\x1b-T', 'windows-874'),
  '203': upper('\x1b-b', 'iso-8859-15'),
}

/** For the values of SpecificCharacterSet; an empty list means ASCII. */
export function textWriter(charsets: readonly string[] | undefined): TextWriter {
  const first = charsets?.[0]?.trim() ?? ''
  if (first === 'ISO_IR 192') return (text) => new TextEncoder().encode(text)
  if (first === 'GB18030' || first === 'GBK') return (text, { tag }) => gb18030Bytes(text, tag)
  const numbers = (charsets ?? []).map((term) => /^ISO(?:_| 2022 )IR (\d+)$/.exec(term.trim())?.[1] ?? '')
  const initial = SETS[numbers[0] ?? '']
  const sets = numbers.flatMap((number) => SETS[number] ?? [])
  const backToG0 = numbers[0] === '13' ? '\x1b(J' : '\x1b(B'
  return (text, element) => iso2022Bytes(text, { element, initial, sets, backToG0 })
}

interface Iso2022 {
  element: { tag: string; vr: string }
  initial: CodedSet | undefined
  sets: readonly CodedSet[]
  backToG0: string
}

/** Each delimiter resets to the initial sets (PS3.5 6.1.2.5.3). */
function iso2022Bytes(text: string, { element, initial, sets, backToG0 }: Iso2022): Uint8Array {
  const bytes: number[] = []
  const initialG1 = initial?.half === 'G1' ? initial : undefined
  const designated: { G0: CodedSet | undefined; G1: CodedSet | undefined } = { G0: undefined, G1: initialG1 }
  const designate = (sequence: string) => {
    for (let i = 0; i < sequence.length; i++) bytes.push(sequence.charCodeAt(i))
  }
  const leaveG0 = () => {
    if (designated.G0 !== undefined) designate(backToG0)
    designated.G0 = undefined
  }
  for (const char of text) {
    const code = char.charCodeAt(0)
    if (code < 0x80) {
      leaveG0()
      bytes.push(code)
      if (isDelimiter(char, element.vr)) designated.G1 = initialG1
      continue
    }
    const set = sets.find((one) => designated[one.half] === one && has(one, char)) ?? sets.find((one) => has(one, char))
    if (set === undefined) throw outside(element.tag)
    if (designated[set.half] !== set) designate(set.escape)
    designated[set.half] = set
    for (const byte of tableOf(set).get(char)!) bytes.push(set.half === 'G0' ? byte & 0x7f : byte)
  }
  leaveG0()
  return Uint8Array.from(bytes)
}

function isDelimiter(char: string, vr: string): boolean {
  if (char === '\\') return vr !== 'ST' && vr !== 'LT' && vr !== 'UT'
  if (char === '^' || char === '=') return vr === 'PN'
  return char === '\r' || char === '\n' || char === '\f' || char === '\t'
}

function has(set: CodedSet, char: string): boolean {
  return tableOf(set).has(char)
}

const tables = new Map<string, Table>()

function tableOf({ label, shape }: { label: string; shape: Shape }): Table {
  return remembered(`${label} ${shape}`, () => turnAround(label, sequences(shape)))
}

function remembered(key: string, make: () => Table): Table {
  let table = tables.get(key)
  if (table === undefined) {
    table = make()
    tables.set(key, table)
  }
  return table
}

function turnAround(label: string, candidates: Iterable<readonly number[]>): Table {
  const decoder = new TextDecoder(label)
  const table = new Map<string, readonly number[]>()
  for (const bytes of candidates) {
    const char = decoder.decode(Uint8Array.from(bytes))
    if (char !== '\ufffd' && !table.has(char) && [...char].length === 1) table.set(char, bytes)
  }
  return table
}

function* sequences(shape: Shape): Generator<readonly number[]> {
  const [from, to] = shape === 'upper' ? [0xa0, 0xff] : shape === 'katakana' ? [0xa1, 0xdf] : [0xa1, 0xfe]
  for (let lead = from; lead <= to; lead++) {
    if (shape === 'upper' || shape === 'katakana') yield [lead]
    else for (let trail = 0xa1; trail <= 0xfe; trail++) yield shape === 'pair' ? [lead, trail] : [0x8f, lead, trail]
  }
}

/** GB 18030: one byte; two bytes from a table; or four bytes, from a table in the basic plane and computed above it. */
function gb18030Bytes(text: string, tag: string): Uint8Array {
  const bytes: number[] = []
  for (const char of text) {
    const code = char.codePointAt(0)!
    if (code < 0x80) bytes.push(code)
    else if (code > 0xffff) bytes.push(...fourBytes(code - 0x10000 + 189_000))
    else {
      const found = pairsOfGb18030().get(char) ?? foursOfGb18030().get(char)
      if (found === undefined) throw outside(tag)
      bytes.push(...found)
    }
  }
  return Uint8Array.from(bytes)
}

const pairsOfGb18030 = () => remembered('gb18030 pairs', () => turnAround('gb18030', gb18030Pairs()))
const foursOfGb18030 = () => remembered('gb18030 fours', () => turnAround('gb18030', gb18030Fours()))

function* gb18030Pairs(): Generator<readonly number[]> {
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) if (trail !== 0x7f) yield [lead, trail]
  }
}

function* gb18030Fours(): Generator<readonly number[]> {
  for (let position = 0; position < 39_420; position++) yield fourBytes(position)
}

function fourBytes(position: number): readonly number[] {
  const [a, b, c] = [Math.floor(position / 12_600), Math.floor(position / 1260), Math.floor(position / 10)]
  return [0x81 + a, 0x30 + (b % 10), 0x81 + (c % 126), 0x30 + (position % 10)]
}

function outside(tag: string): DicomError {
  return new DicomError({ reason: 'a character is outside the Specific Character Set', tag })
}
