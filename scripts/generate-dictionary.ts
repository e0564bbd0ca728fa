// Writes src/dicom/dictionary-entries.ts from pydicom's copy of PS3.6 (Debian package python3-pydicom):
//   node scripts/generate-dictionary.ts
// pydicom and not dcmjs, because it has the retired attributes with their keywords, and the VRs as PS3.6 spells them.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

interface Row {
  tag: string
  vr: string
  vm: string
  keyword: string
}

const DUMP = `
import json, pydicom
from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
rows = [dict(tag='%08X' % tag, vr=e[0], vm=e[1], keyword=e[4]) for tag, e in DicomDictionary.items()]
rows += [dict(tag=tag, vr=e[0], vm=e[1], keyword=e[4]) for tag, e in RepeatersDictionary.items()]
print(json.dumps(dict(version=pydicom.__version__, rows=rows)))
`

/** One line per group: `GGGG`, then `|EEEE VR VM Keyword` for each attribute. Repeating digits are written as `x`. */
function groupLines(rows: Row[]): string[] {
  const groups = new Map<string, string[]>()
  for (const { tag, vr, vm, keyword } of rows) {
    const group = tag.slice(0, 4)
    const attributes = groups.get(group) ?? []
    attributes.push(`${tag.slice(4)} ${vr.replaceAll(' or ', '/')} ${vm.replaceAll(' or ', '/')} ${keyword}`)
    groups.set(group, attributes)
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([group, list]) => [group, ...list.sort()].join('|'))
}

const { version, rows } = JSON.parse(execFileSync('/usr/bin/python3', ['-c', DUMP], { encoding: 'utf8' })) as {
  version: string
  rows: Row[]
}
// A few retired attributes have no keyword in PS3.6; items and delimiters (VR NONE) are structure, not attributes.
const attributes = rows.filter((row) => row.keyword !== '' && row.vr !== 'NONE')
const text = `/**
 * The attributes of PS3.6 and PS3.7 annex E, ${attributes.length} of them, edition 2023b as in pydicom ${version} (MIT); written by
 * scripts/generate-dictionary.ts and read by dictionary.ts. One line a group: GGGG, then |EEEE VR VM Keyword; x repeats.
 */
export const DICTIONARY_ENTRIES = \`
${groupLines(attributes).join('\n')}
\`
`
writeFileSync(new URL('../src/dicom/dictionary-entries.ts', import.meta.url), text)
