/** A password on the command line is in the list of processes, which every user of the machine can read. */
import type { Flags } from '../server/config.ts'

export function catalogPasswordWarning({ catalog }: Flags): string | undefined {
  if (typeof catalog !== 'string' || !hasPassword(catalog)) return undefined
  return (
    'The password in --catalog is in the list of processes, which every user of this machine can read. Put it into PGPASSWORD, into ' +
    '~/.pgpass or the file that PGPASSFILE names, or the whole address into HILUM_CATALOG.'
  )
}

/** As the PostgreSQL client reads an address: before the host, or among the parameters. */
const hasPassword = (url: string): boolean => /^[^/]*:\/\/[^/?#]*:[^/?#]+@/.test(url) || /[?&]password=./.test(url)
