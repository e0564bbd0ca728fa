/** Every command of `hilum` on one screen. */
import { flagOf, TEXT_SEARCH_ATTRIBUTES } from '../contract/search-attributes.ts'
import type { Command, CommandOption } from './terminal/command.ts'

const endpoint: CommandOption = {
  flag: 'endpoint',
  placeholder: '<url>',
  help: 'the server to talk to; default: the one on this machine, by --host and --port',
}

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
  { flag: 'sort', placeholder: '<by>', help: 'studyDate, created or updated; default: updated' },
  { flag: 'asc', help: 'oldest first' },
  { flag: 'desc', help: 'newest first; the default' },
  {
    flag: 'criteria',
    placeholder: '<JSON>',
    help: 'SearchCriteria of the API, instead of the options above; @file or - reads it',
  },
]

/** What A and B of a range are. */
const RANGES = [
  'At most two filters in one search: a rule of the API.',
  'A and B are YYYYMMDD, YYYY-MM-DD, YYYY-MM-DDTHH:MM[:SS], today, yesterday or -7d (seven days ago), on the clock here.',
  'A.. and ..B are open at one end; a day alone is that day, and -7d alone is -7d..today. B reaches to the end of the day,',
  'minute or second that it names: 20240101..20240131 has all of 31 January, to 23:59:59.999999, where the API by itself',
]

export const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    summary: 'start the server',
    notes: [
      'The password of --catalog is read from PGPASSWORD, ~/.pgpass or the file that PGPASSFILE names; in HILUM_CATALOG the address may',
      'hold it. On the command line every user of the machine could read it.',
    ],
    load: async () => (await import('./server/serve.ts')).serve,
  },
  demo: {
    summary: 'start the server with synthetic studies to search in',
    // A demo is looked at, not operated: its log would break the picture.
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
        help: 'a file of the folder with values that count before those of a study',
      },
      endpoint,
    ],
    notes: [
      'A JSON metadata file is an object of the DICOM JSON model, a list of them by SOP Instance UID, or a metadata document.',
      'It is given as StudyInstanceUID, or StudyInstanceUID/SeriesInstanceUID, and its path below the folder; several times',
      'for several files.',
    ],
    load: async () => (await import('./import/import.ts')).importFiles,
  },
  export: {
    summary: 'write the instances of image sets as DICOM files again',
    options: [
      { flag: 'datastore', placeholder: '<id or name>', help: 'the data store to read from (required)' },
      { flag: 'image-set', placeholder: '<id>', isList: true, help: 'an image set; may be given several times' },
      { flag: 'study', placeholder: '<uid>', help: 'all image sets of the study with this StudyInstanceUID' },
      { flag: 'all', help: 'all image sets of the data store' },
      { flag: 'version-id', placeholder: '<number>', help: 'this version of the image set; default: the latest' },
      { flag: 'to', placeholder: '<folder>', help: 'where to write; made if it is not there (required)' },
      { flag: 'compressed', help: 'leave lossless frames in HTJ2K or JPEG 2000, as the data store has them' },
      { flag: 'overwrite', help: 'replace files that are there already' },
      endpoint,
    ],
    notes: [
      'The files are <folder>/<StudyInstanceUID>/<SeriesInstanceUID>/<SOPInstanceUID>.dcm, made out of metadata and frames:',
      'attributes as the version has them, text beyond ASCII in UTF-8, frames in the syntax they came in where the data store',
      'has kept it (JPEG baseline, video and the like), else uncompressed. Every frame is checked against its checksum. Private',
      'values of more than a megabyte are not to be had through the API, and are left out. Files that are there already and the',
      'same are skipped, so an export can be run again. --json prints one object.',
    ],
    load: async () => (await import('./export/export.ts')).exportImageSets,
  },
  search: {
    summary: 'search the image sets of a data store',
    options: [
      { flag: 'datastore', placeholder: '<id or name>', help: 'the data store to search in (required)' },
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
      { flag: 'datastore', placeholder: '<id or name>', help: 'the data store to search in (required)' },
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
    load: async () => (await import('./server/list-datastores.ts')).listDatastores,
  },
  console: {
    summary: 'print a link that opens the console in a browser, signed in, once',
    options: [endpoint],
    load: async () => (await import('./server/console.ts')).printConsoleLink,
  },
  env: {
    summary: 'print the variables that point AWS SDKs and the AWS CLI at the server',
    options: [
      { flag: 'shell', placeholder: '<shell>', help: 'sh or fish; default: sh' },
      { flag: 'for', placeholder: '<client>', help: 'cpp: the AWS SDK for C++, whose endpoint is another' },
      endpoint,
    ],
    notes: ['DATASTORE_ID is among them where the server answers and has exactly one active data store.'],
    load: async () => (await import('./server/env.ts')).printEnvironment,
  },
  doctor: {
    summary: 'check the server, the way to it and its data folder, and say how to mend what is wrong',
    options: [endpoint],
    load: async () => (await import('./doctor/doctor.ts')).doctor,
  },
  verify: {
    summary: 'compare search index and stored bytes with what is known of them, beside a running server or without',
    options: [{ flag: 'quick', help: 'compare sizes only, and read none of the bytes' }],
    notes: [
      'Nothing is changed, and a server may read and write meanwhile. Exit code 1 where something differs. --json prints one',
      'object: of each part what was looked at, how many differences there are, and the first thousand of them.',
    ],
    load: async () => (await import('./verify/verify.ts')).verify,
  },
  reindex: {
    summary: 'rebuild the search index from the image sets, with or without a running server',
    notes: ['Searches and imports go on meanwhile. One that was broken off is gone on with when it is called again.'],
    load: async () => (await import('./verify/reindex.ts')).reindex,
  },
  reset: {
    summary: 'empty the data folder',
    options: [{ flag: 'yes', help: 'do not ask' }],
    load: async () => (await import('./server/reset.ts')).reset,
  },
}
