/** Warns of a password on the command line: every user of the machine can read the list of processes. */
import type { Flags } from '../server/config.ts'

export function catalogPasswordWarning({ catalog }: Flags): string | undefined {
  if (typeof catalog !== 'string' || !hasPassword(catalog)) return undefined
  return (
    'The password in --catalog is in the list of processes, which every user of this machine can read. Set PGPASSWORD, use ' +
    '~/.pgpass or the file that PGPASSFILE names, or set the whole address in HILUM_CATALOG.'
  )
}

/** The PostgreSQL client accepts a password before the host, or as a parameter. */
const hasPassword = (url: string): boolean => /^[^/]*:\/\/[^/?#]*:[^/?#]+@/.test(url) || /[?&]password=./.test(url)
