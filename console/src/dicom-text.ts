/** DICOM values as a person reads them on a page. */

/** PS3.5 6.2, DA: YYYYMMDD; what is none stays as it is. */
export const dateText = (date: string): string => date.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')

/** PS3.5 6.2, TM: HHMMSS.FFFFFF, to the minute. */
export const clockText = (time: string): string => time.replace(/^(\d{2})(\d{2}).*$/, '$1:$2')

/** PS3.5 6.2.1.1: up to three groups of family^given^middle^prefix^suffix; the third one, phonetic, is left out. */
export function personText(name: string): string {
  const [alphabetic = [], ideographic = []] = name.split('=').map((group) => group.split('^'))
  const latin = [alphabetic[0], alphabetic.slice(1, 3).filter(Boolean).join(' ')].filter(Boolean).join(', ')
  return [latin, ideographic.filter(Boolean).join(' ')].filter(Boolean).join('  ')
}
