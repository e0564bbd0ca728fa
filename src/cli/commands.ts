/** The table of commands. */
import { availableParallelism } from 'node:os'
import { flagOf, TEXT_SEARCH_ATTRIBUTES } from '../contract/search-attributes.ts'
import { WORD_ATTRIBUTES } from '../contract/word-attributes.ts'
import { defaultProcesses } from '../server/limits-for.ts'
import { memoryOfServer } from '../server/memory-of-server.ts'
import { POLICY_COMMANDS, PRINCIPAL_COMMANDS } from './access/access-commands.ts'
import { AUDIT_COMMANDS } from './audit/audit-commands.ts'
import { BACKUP_COMMANDS } from './backup/backup-commands.ts'
import { endpoint } from './client/endpoint-option.ts'
import { KEY_COMMANDS } from './keys/key-commands.ts'
import { INDEX_COMMANDS } from './search-index/index-commands.ts'
import type { Command, CommandOption } from './terminal/command.ts'

const CRITERIA: readonly CommandOption[] = [
  ...TEXT_SEARCH_ATTRIBUTES.map((each) => ({
    flag: flagOf(each),
    placeholder: each.kind === 'uid' ? '<uid>' : '<text>',
    help: `${each.name} equals this`,
  })),
  { flag: 'primary', help: 'only primary image sets' },
  { flag: 'not-primary', help: 'only image sets that are not primary' },
  {
    flag: 'study-date',
    placeholder: '<A..B>',
    help: 'study date and time in this range, in local time of the study',
  },
  { flag: 'created', placeholder: '<A..B>', help: 'image sets created in this range' },
  { flag: 'updated', placeholder: '<A..B>', help: 'image sets last changed in this range' },
  ...WORD_ATTRIBUTES.map(({ keyword, comparison, flag }) => ({
    flag,
    placeholder: comparison === 'words' ? '<words>' : '<value>',
    help: comparison === 'words' ? `${keyword} has words that begin so` : `${keyword} equals this`,
  })),
  {
    flag: 'match',
    placeholder: '<keyword>=<words>',
    isList: true,
    help: 'a further attribute that hilum index add has made searchable; repeatable',
  },
  { flag: 'sort', placeholder: '<by>', help: 'studyDate, created or updated; default: updated' },
  { flag: 'asc', help: 'oldest first' },
  { flag: 'desc', help: 'newest first; the default' },
  {
    flag: 'criteria',
    placeholder: '<JSON>',
    help: 'SearchCriteria of the API, instead of filters and sort; @file or - reads it',
  },
]

/** What A and B of a range are. */
const RANGES = [
  'At most two filters in one search: a rule of the API. Words do not count: they are an extension (docs/extensions.md). Case, accents and the',
  'order of words do not matter; * and ? match whole words, as in m?ller.',
  'A and B are YYYYMMDD, YYYY-MM-DD, YYYY-MM-DDTHH:MM[:SS], today, yesterday or -7d (seven days ago), on the clock here.',
  'A.. and ..B are open at one end; a day alone is that day, and -7d alone is -7d..today. B reaches to the end of the day,',
  'minute or second that it names: 20240101..20240131 has all of 31 January, to 23:59:59.999999, where the API by itself',
]

export const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    summary: 'start the server',
    notes: [
      'The password of --catalog is read from PGPASSWORD, ~/.pgpass or the file that PGPASSFILE names, or from the address in HILUM_CATALOG.',
      'On the command line, every user of the machine could read it.',
    ],
    defaults: { processes: defaultProcesses({ cores: availableParallelism(), memoryBytes: memoryOfServer() }) },
    examples: ['', `--catalog 'postgres://hilum@db/hilum?sslmode=verify-full'`],
    showsSettings: true,
    load: async () => (await import('./server/serve.ts')).serve,
  },
  demo: {
    summary: 'start the server with synthetic studies',
    options: [
      { flag: 'ohif', help: 'also serve the viewer OHIF, which is fetched once with npm (50 MB)' },
      { flag: 'ohif-port', placeholder: '<port>', help: "port of OHIF; default: the server's, plus one" },
    ],
    notes: [
      'OHIF listens on 127.0.0.1 only, and has a token for the data store of the demo: every user of this machine who opens it can read, store',
      'and delete there.',
      'It runs as one process, unless --processes says otherwise.',
    ],
    examples: ['', '--data /tmp/demo --port 8105', '--ohif'],
    // Log lines would break the screen of the demo.
    defaults: { logLevel: 'warn' },
    load: async () => (await import('./demo/demo.ts')).demo,
  },
  import: {
    summary: 'import a DICOM file, or all files of a folder, into a data store',
    operand: '<file or folder>',
    options: [
      { flag: 'datastore', placeholder: '<id or name>', help: 'the data store to import into (required)' },
      {
        flag: 'json-metadata',
        placeholder: '<uid>[/<uid>]=<file>',
        isList: true,
        help: 'JSON metadata file whose values replace those of a study or series',
      },
      { flag: 'report', placeholder: '<folder>', help: 'write all files of the report into this new folder' },
      endpoint,
    ],
    notes: [
      'A JSON metadata file holds an object of the DICOM JSON model, a list of them by SOP Instance UID, or a metadata document. Give it as',
      'StudyInstanceUID, or StudyInstanceUID/SeriesInstanceUID, and its path below the folder. Repeat the option for several files.',
      '--report writes the files that the import job wrote: job-output-manifest.json, FAILURE/failure.ndjson with one line a file, and so on.',
      'UNREAD/unread.ndjson has the files that could not be read here. Names of files may be those of patients: keep the folder private.',
    ],
    examples: [
      'scans --datastore demo',
      'scans --datastore demo --report import-report',
      'scans --datastore demo --json-metadata 1.2.3=corrections.json',
    ],
    load: async () => (await import('./import/import.ts')).importFiles,
  },
  export: {
    summary: 'write image sets as DICOM files',
    options: [
      { flag: 'datastore', placeholder: '<id or name>', help: 'the data store to read from (required)' },
      { flag: 'image-set', placeholder: '<id>', isList: true, help: 'an image set; repeatable' },
      { flag: 'study', placeholder: '<uid>', help: 'all image sets of the study with this StudyInstanceUID' },
      { flag: 'all', help: 'all image sets of the data store' },
      { flag: 'version-id', placeholder: '<number>', help: 'version of the image set; default: the latest' },
      { flag: 'to', placeholder: '<folder>', help: 'folder to write to; created if absent (required)' },
      { flag: 'compressed', help: 'keep lossless frames in HTJ2K or JPEG 2000, as stored' },
      { flag: 'overwrite', help: 'replace existing files that differ' },
      endpoint,
    ],
    notes: [
      'Writes <folder>/<StudyInstanceUID>/<SeriesInstanceUID>/<SOPInstanceUID>.dcm with the attributes of the version, text in UTF-8, and',
      'frames uncompressed, or in their original transfer syntax where the data store kept it (JPEG baseline and video, for example).',
      'Every frame is verified against its checksum. Private values larger than 1 MB are omitted: the API does not return them.',
      'Existing identical files are skipped. Run it again to resume an interrupted export. --json prints one object.',
    ],
    examples: ['--datastore demo --study 1.2.3 --to files', '--datastore demo --all --to files --compressed'],
    load: async () => (await import('./export/export.ts')).exportImageSets,
  },
  search: {
    summary: 'search the image sets of a data store',
    options: [
      { flag: 'datastore', placeholder: '<id or name>', help: 'the data store to search in (default: the only one)' },
      ...CRITERIA,
      { flag: 'all', help: 'show all that match, not only the first 50' },
      { flag: 'limit', placeholder: '<number>', help: 'show so many at most; default: 50' },
      { flag: 'count', help: 'say how many match in all' },
      { flag: 'cli', help: 'print this search for the AWS CLI instead of making it' },
      { flag: 'js', help: 'print it for the AWS SDK for JavaScript' },
      { flag: 'python', help: 'print it for boto3' },
      endpoint,
    ],
    notes: [
      ...RANGES,
      'would stop at 00:00. How many were shown, of how many and in what time, goes to standard error.',
      '--json prints one object a line: an image set, or with --count a page, { "total", "imageSetsMetadataSummaries" }.',
    ],
    load: async () => (await import('./search/search.ts')).search,
  },
  explain: {
    summary: 'explain a search: which plan the server chose, what it read, and the most that it could have read',
    options: [
      { flag: 'datastore', placeholder: '<id or name>', help: 'the data store to search in (default: the only one)' },
      ...CRITERIA,
      { flag: 'count', help: 'count all that match as well, and explain how' },
      endpoint,
    ],
    notes: [...RANGES, 'would stop at 00:00. What is explained is the first page, of 50. --json prints one object.'],
    load: async () => (await import('./search/explain.ts')).explain,
  },
  datastores: {
    summary: 'list the data stores',
    options: [endpoint],
    examples: ['', '--endpoint http://hilum.example:8104 --json'],
    load: async () => (await import('./server/list-datastores.ts')).listDatastores,
  },
  console: {
    summary: 'print a one-time link that opens the console in a browser, signed in',
    options: [endpoint],
    notes: ['The link works for a few minutes, in a browser on the machine of the server.'],
    examples: ['', '--port 8105'],
    load: async () => (await import('./server/console.ts')).printConsoleLink,
  },
  env: {
    summary: 'print environment variables that connect AWS SDKs and the AWS CLI to the server',
    options: [
      { flag: 'shell', placeholder: '<shell>', help: 'sh or fish; default: sh' },
      { flag: 'for', placeholder: '<client>', help: 'cpp: the AWS SDK for C++, which needs another endpoint' },
      endpoint,
    ],
    notes: [
      'Includes DATASTORE_ID if the server is running and has exactly one active data store. Use it as: eval "$(hilum env)"',
    ],
    examples: ['', '--shell fish --for cpp'],
    load: async () => (await import('./server/env.ts')).printEnvironment,
  },
  doctor: {
    summary: 'check the server, the connection to it and its data folder, and suggest fixes',
    options: [endpoint],
    examples: ['', '--endpoint http://hilum.example:8104'],
    load: async () => (await import('./doctor/doctor.ts')).doctor,
  },
  verify: {
    summary: 'check the database, the search index and the stored bytes for damage',
    options: [{ flag: 'quick', help: 'compare sizes only; read no stored bytes' }],
    notes: [
      'Changes nothing, and may run while the server is running. The exit code is 1 if there are differences. --json prints one object: for',
      'each part, what was checked, the number of differences, and the first thousand of them.',
    ],
    examples: ['', '--quick --data /srv/hilum'],
    load: async () => (await import('./verify/verify.ts')).verify,
  },
  reindex: {
    summary: 'rebuild the search index from the image sets',
    notes: [
      'May run while the server is running; searches and imports continue. Run it again to resume an interrupted rebuild.',
    ],
    examples: ['', '--data /srv/hilum'],
    load: async () => (await import('./verify/reindex.ts')).reindex,
  },
  partitions: {
    summary: 'show where the partitions of the catalog are, and how large they are',
    notes: [
      'Reads the catalog beside a running server and changes nothing. The control catalog has the data stores with one partition, and the jobs',
      'of all. ms is the time of a small read. The backlog is image sets whose words are not merged into the index yet. The second table shows',
      'how evenly the image sets of a data store are spread. On Citus the node of each partition is shown, and one that it is moved to. The exit',
      'code is 1 if a partition does not answer. --json prints one object.',
    ],
    examples: ['', '--catalog postgres://db/hilum --json'],
    load: async () => (await import('./partitions/partitions.ts')).showPartitions,
  },
  ...INDEX_COMMANDS,
  ...BACKUP_COMMANDS,
  ...PRINCIPAL_COMMANDS,
  ...POLICY_COMMANDS,
  ...KEY_COMMANDS,
  ...AUDIT_COMMANDS,
  reset: {
    summary: 'delete everything in the data folder except its configuration file and the audit log',
    options: [{ flag: 'yes', help: 'do not ask for confirmation' }],
    notes: ['Deletes every image set, import job, bucket and key. Stop the server first.'],
    examples: ['', '--yes --data /tmp/demo'],
    load: async () => (await import('./server/reset.ts')).reset,
  },
}
