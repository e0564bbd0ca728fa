/** Formats DICOM values for the terminal. */
import { shown } from './text-width.ts'

/** PS3.5 6.2, DA: YYYYMMDD; other text is unchanged. */
export const drawDate = (date: string): string => date.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')

/** PS3.5 6.2, TM: HHMMSS.FFFFFF, to the minute. */
export const drawTime = (time: string): string => time.replace(/^(\d{2})(\d{2}).*$/, '$1:$2')

/** PS3.5 6.2.1.1: up to three groups of family^given^middle^prefix^suffix; the third, phonetic group is omitted. */
export function drawPersonName(name: string): string {
  const [alphabetic = '', ideographic = ''] = name.split('=').map((group) => group.split('^'))
  const latin = [alphabetic[0], alphabetic[1]].filter(Boolean).join(', ')
  const own = [ideographic[0], ideographic[1]].filter(Boolean).join(' ')
  return shown([latin, own].filter(Boolean).join('  '))
}
