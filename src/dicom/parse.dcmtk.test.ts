/**
 * Compares what parseP10 reads with what dcmtk's dcmdump prints: every tag, VR and value, items included. The files are generated; set
 * DICOM_FOLDER to a folder of real files to compare these too. Skipped if dcmdump is not on PATH.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { DataSet } from './data-set.ts'
import { DicomError } from './dicom-error.ts'
import { type Attributes, encodeP10 } from './encode.ts'
import { parseP10 } from './parse.ts'

const FOLDER = process.env.DICOM_FOLDER
const isInstalled = spawnSync('dcmdump', ['--version']).status === 0
const skip = isInstalled ? false : 'dcmdump (dcmtk) is not installed'

const ATTRIBUTES: Attributes = {
  ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
  SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
  SOPInstanceUID: '1.2.3.4',
  StudyDate: '20240102',
  AccessionNumber: null,
  PatientID: 'P1',
  ReferencedStudySequence: [{ ReferencedSOPInstanceUID: '1.2.3.5' }, {}],
  RequestAttributesSequence: [{ ScheduledProtocolCodeSequence: [{ CodeValue: 'A', CodeMeaning: 'Täg' }] }],
  PixelSpacing: ['0.5', '0.25'],
  FrameIncrementPointer: { vr: 'AT', value: Uint8Array.of(0x18, 0, 0x63, 0x10) },
  Rows: 2,
  Columns: 2,
  BitsAllocated: 16,
  PixelRepresentation: 1,
  SmallestImagePixelValue: -7,
  DiffusionBValue: 1000.25,
  '00090010': { vr: 'LO', value: 'HILUM' },
}

/** The text for PatientName; all sets of PS3.3 that both the encoder and dcmdump support. */
const NAMES: [terms: string[], name: string][] = [
  [['ISO_IR 100'], 'Buc^Jérôme'],
  [['ISO_IR 101'], 'Wałęsa'],
  [['ISO_IR 126'], 'Διονυσιος'],
  [['ISO_IR 144'], 'Люксембург'],
  [['ISO_IR 192'], 'Wang^XiaoDong=王^小東'],
  [['', 'ISO 2022 IR 87'], 'Yamada^Tarou=山田^太郎=やまだ^たろう'],
  [['', 'ISO 2022 IR 149'], 'Hong^Gildong=洪^吉洞=홍^길동'],
  [['GB18030'], 'Wang^XiaoDong=王^小东'],
]

interface DumpedElement {
  /** Tags from the outermost sequence inwards, joined. */
  path: string
  vr: string
  value: string
}

/** One line per element, indented by depth: `(0010,0010) PN [Doe^John]  #  8, 1 PatientName`. */
function dumpOf(path: string, conversion: string[]): DumpedElement[] {
  const text = execFileSync('dcmdump', ['-q', '+L', '-Un', ...conversion, path], {
    encoding: 'utf8',
    maxBuffer: 1e8,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const elements: DumpedElement[] = []
  const open: string[] = []
  for (const line of text.split(/\n(?= *\()/)) {
    const found = /^( *)\(([0-9a-f]{4}),([0-9a-f]{4})\) (..) (.*?) *# *[0-9u/l]+, *\d+ /s.exec(line)
    if (found === null) continue
    const [, indent = '', group = '', element = '', vr = '', value = ''] = found
    if (group === '0002' || vr === 'na' || vr === 'pi') continue
    open.length = indent.length / 4
    const tag = (group + element).toUpperCase()
    elements.push({ path: [...open, tag].join('/'), vr, value })
    open.push(tag)
  }
  return elements
}

function elementsOf(dataSet: DataSet, outer: string[] = []): { path: string; dataSet: DataSet; tag: string }[] {
  return [...dataSet.tags()].flatMap((tag) => [
    { path: [...outer, tag].join('/'), dataSet, tag },
    ...dataSet.items(tag).flatMap((item) => elementsOf(item, [...outer, tag])),
  ])
}

const TEXT_VRS = 'AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT'.split(' ')
const NUMBER_VRS = 'US SS UL SL FL FD'.split(' ')

function compare(path: string): number {
  const { dataSet } = parseP10(readFileSync(path))
  // When it converts, dcmdump adds a Specific Character Set where there is none.
  const theirs = dumpOf(path, dataSet.has('00080005') ? ['+U8'] : [])
  // dcmdump keeps the bytes of a known sequence that is written as UN of defined length.
  const closed = theirs.filter((element) => element.vr === 'UN').map((element) => `${element.path}/`)
  const ours = elementsOf(dataSet).filter(({ path: at }) => !closed.some((outer) => at.startsWith(outer)))
  assert.deepEqual(
    ours.map((element) => element.path),
    theirs.map((element) => element.path),
  )
  for (const [index, { path: at, vr, value }] of theirs.entries()) {
    const { dataSet: set, tag } = ours[index]!
    // Specific Character Set is the target of dcmdump's conversion; dcmtk's dictionary has more private elements than PS3.6.
    if (tag === '00080005' || vr === '??' || vr === 'UN' || set.vr(tag) === 'UN') continue
    if (!/^(ox|px|lt|OB|OW|xs|up)$/.test(vr)) assert.equal(set.vr(tag), vr, at)
    if (TEXT_VRS.includes(vr)) {
      const text = value === '(no value available)' ? '' : value.replace(/^\[/, '').replace(/\]$/, '')
      assert.equal((set.string(tag) ?? '').trim(), text.trim(), at)
    } else if (NUMBER_VRS.includes(vr)) {
      const numbers = value === '(no value available)' ? [] : value.split('\\').map(Number)
      const near = (ours: number, theirs: number) => Math.abs(ours - theirs) <= 1e-6 * Math.abs(ours)
      assert.ok(
        numbers.length === set.numbers(tag).length && set.numbers(tag).every((n, i) => near(n, numbers[i]!)),
        at,
      )
    } else if (vr === 'AT') {
      assert.equal(set.string(tag), value.replace(/[(),]/g, '').toUpperCase(), at)
    }
  }
  return theirs.length
}

function withFile(bytes: Uint8Array, use: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'parse-dcmtk-'))
  try {
    const path = join(folder, 'file.dcm')
    writeFileSync(path, bytes)
    use(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('parseP10 reads what dcmdump prints', () => {
  for (const transferSyntaxUID of [
    '1.2.840.10008.1.2',
    '1.2.840.10008.1.2.1',
    '1.2.840.10008.1.2.2',
    '1.2.840.10008.1.2.1.99',
    '1.2.840.10008.1.2.5',
  ]) {
    for (const sequenceLength of ['defined', 'undefined'] as const) {
      test(`of ${transferSyntaxUID} with sequences of ${sequenceLength} length`, { skip }, () => {
        const attributes = { ...ATTRIBUTES, SpecificCharacterSet: 'ISO_IR 192' }
        const pixelData = { frames: [new Uint8Array(8)] }
        withFile(encodeP10({ transferSyntaxUID, attributes, pixelData, sequenceLength }), (path) => {
          assert.ok(compare(path) > 20)
        })
      })
    }
  }

  for (const [terms, name] of NAMES) {
    test(`of a name in ${terms.join('\\')}`, { skip }, () => {
      const attributes = { SpecificCharacterSet: terms, PatientName: name, SOPClassUID: '1.2.3' }
      const bytes = encodeP10({ transferSyntaxUID: '1.2.840.10008.1.2.1', attributes })
      assert.equal(parseP10(bytes).dataSet.string('00100010'), name)
      withFile(bytes, compare)
    })
  }

  const files = FOLDER === undefined ? [] : readdirSync(FOLDER, { recursive: true, withFileTypes: true })
  for (const file of files.filter((entry) => entry.isFile() && /dcm$|^[^.]*$/i.test(entry.name))) {
    const path = join(file.parentPath, file.name)
    test(`of ${path}`, { skip }, (context) => {
      try {
        compare(path)
      } catch (error) {
        if (error instanceof DicomError) context.skip(`refused: ${error.message}`)
        else if (error instanceof Error && 'status' in error) context.skip('dcmdump refused it')
        else throw error
      }
    })
  }
})
