/** Formats DICOM values. */

/** DA (PS3.5 6.2): YYYYMMDD. Other values are returned unchanged. */
export const formatDate = (date: string): string => date.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')

/** TM (PS3.5 6.2): HHMMSS.FFFFFF, formatted to the minute. */
export const formatTimeOfDay = (time: string): string => time.replace(/^(\d{2})(\d{2}).*$/, '$1:$2')

/** PN (PS3.5 6.2.1.1): up to three groups of family^given^middle^prefix^suffix. The third, phonetic group is left out. */
export function formatPersonName(name: string): string {
  const [alphabetic = [], ideographic = []] = name.split('=').map((group) => group.split('^'))
  const latin = [alphabetic[0], alphabetic.slice(1, 3).filter(Boolean).join(' ')].filter(Boolean).join(', ')
  return [latin, ideographic.filter(Boolean).join(' ')].filter(Boolean).join('  ')
}
