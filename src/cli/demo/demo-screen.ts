/** The screen of `hilum demo`, at most 24 lines of 100 columns: addresses, studies, and commands to try. */
import { drawDate, drawPersonName, drawTime } from '../terminal/draw-dicom.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { fitted } from '../terminal/text-width.ts'
import type { FilledDatastore } from './fill-demo.ts'
import type { FoundStudy, StudySearch } from './newest-studies.ts'

const ROWS = 7
const COLUMNS = { date: 16, modality: 8, patient: 32, description: 36 }

export interface DemoScreen extends FilledDatastore {
  readonly endpoint: string
  /** A one-time link that opens the console signed in. */
  readonly consoleLink: string
  /** The address of OHIF, if it is served. */
  readonly ohif: string | undefined
  readonly dataFolder: string
  /** The command that prints variables for clients. */
  readonly envCommand: string
  readonly program: string
  readonly search: StudySearch
}

export function drawDemo(screen: DemoScreen, { styled }: Pick<Terminal, 'styled'>): string {
  const { endpoint, consoleLink, ohif, dataFolder, datastoreId, datastoreName, report, search } = screen
  const row = (label: string, text: string) => `  ${styled('dim', label.padEnd(11))} ${text}`
  const { date, modality, patient, description } = COLUMNS
  const heads = [
    'Date'.padEnd(date),
    'Modality'.padEnd(modality),
    'Patient'.padEnd(patient),
    'Study'.padEnd(description),
  ]
  const code = (text: string) => `    ${styled('cyan', text)}`
  return [
    '',
    `  ${styled('bold', 'Hilum')}       ${styled('bold', endpoint)}   Ctrl-C stops it`,
    row('console', consoleLink),
    ...(ohif === undefined ? [] : [row('OHIF', ohif)]),
    row('data', dataFolder.length > 84 ? `...${dataFolder.slice(-81)}` : dataFolder),
    row('data store', `${datastoreId}${datastoreName === undefined ? '' : `  ${datastoreName.slice(0, 40)}`}`),
    ...(report === undefined ? [] : [row('imported', importedLine(report))]),
    '',
    `  ${captionOf(search)}`,
    `  ${styled('dim', heads.join('  ').trimEnd())}`,
    ...search.studies.slice(0, ohif === undefined ? ROWS : ROWS - 1).map((study) => `  ${drawStudy(study)}`),
    '',
    '  From another terminal in this folder:',
    code(`eval "$(${screen.envCommand})"`),
    code(`aws medical-imaging search-image-sets --datastore-id ${datastoreId}`),
    '  or from JavaScript, with the same variables:',
    code('const client = new MedicalImagingClient({ disableHostPrefix: true })'),
    code(`client.send(new SearchImageSetsCommand({ datastoreId: '${datastoreId}' }))`),
    `  ${styled('dim', `${screen.program} doctor checks what other clients need; ${screen.program} import imports your own files.`)}`,
  ].join('\n')
}

function importedLine({ imported, imageSets, failed, seconds }: NonNullable<DemoScreen['report']>): string {
  const failures = failed === 0 ? '' : `, ${failed} failed`
  return `${imported.toLocaleString('en-US')} synthetic instances into ${imageSets} image sets in ${seconds.toFixed(1)} s${failures}`
}

function captionOf({ days, milliseconds, studies }: StudySearch): string {
  if (studies.length === 0) return `SearchImageSets found nothing, in ${milliseconds.toFixed(0)} ms.`
  const which = days === undefined ? 'The newest studies' : `Studies of the last ${days} days`
  return `${which}, searched with the official JavaScript SDK in ${milliseconds.toFixed(0)} ms:`
}

function drawStudy({ date, time, modality, patient, description }: FoundStudy): string {
  return [
    fitted(`${drawDate(date)} ${drawTime(time)}`, COLUMNS.date),
    fitted(modality, COLUMNS.modality),
    fitted(drawPersonName(patient), COLUMNS.patient),
    fitted(description, COLUMNS.description),
  ]
    .join('  ')
    .trimEnd()
}
