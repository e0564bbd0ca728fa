/** The commands for attributes that are declared searchable. */
import type { Command, CommandOption } from '../terminal/command.ts'

const DATASTORE: CommandOption = {
  flag: 'datastore',
  placeholder: '<id or name>',
  help: 'the data store (required)',
}
const TAG: CommandOption = {
  flag: 'tag',
  placeholder: '<keyword>',
  help: 'the attribute: its keyword, or its tag as 0008,1040 (required)',
}
const BESIDE = 'May run while the server is running; searches and imports continue.'

export const INDEX_COMMANDS: Readonly<Record<string, Command>> = {
  'index add': {
    summary: 'make a DICOM attribute searchable in a data store',
    options: [DATASTORE, TAG],
    notes: [
      BESIDE,
      'The stored metadata of all image sets are read. Run it again to resume an interrupted build. Until it has ended, searches that name the',
      'attribute are refused. Then: hilum search --match <keyword>=<words>. Text and names are compared by words, dates, times and UIDs as a',
      'whole, numbers as numbers. Sequences, binary values and private attributes cannot be declared.',
    ],
    examples: ['--datastore demo --tag InstitutionalDepartmentName', '--datastore demo --tag 0018,1030'],
    load: async () => (await import('./add-attribute.ts')).addAttribute,
  },
  'index list': {
    summary: 'list the attributes that were made searchable in a data store',
    options: [DATASTORE],
    notes: [
      'Beside them, ten attributes are searchable in every data store: hilum search --help. --json prints one object a line.',
    ],
    examples: ['--datastore demo', '--datastore demo --json'],
    load: async () => (await import('./list-attributes.ts')).listAttributes,
  },
  'index remove': {
    summary: 'make an attribute unsearchable again, and remove its words from the index',
    options: [DATASTORE, TAG],
    notes: [
      BESIDE,
      'Searches that name the attribute are refused at once. Run it again to resume an interrupted removal. Image sets and their metadata do not',
      'change.',
    ],
    examples: ['--datastore demo --tag InstitutionalDepartmentName'],
    load: async () => (await import('./remove-attribute.ts')).removeAttribute,
  },
}
