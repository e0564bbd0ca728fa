/** The commands for backups. */
import type { Command, CommandOption } from '../terminal/command.ts'

const from: CommandOption = {
  flag: 'from',
  placeholder: '<place>',
  help: 'folder or s3://bucket/prefix with backups (required)',
}

const PLACES = 'A place in S3 is on the server of --s3-endpoint and --s3-region, else in Amazon S3.'

export const BACKUP_COMMANDS: Readonly<Record<string, Command>> = {
  backup: {
    summary: 'back up the catalog and the stored bytes, also while the server runs',
    options: [
      { flag: 'to', placeholder: '<place>', help: 'folder or s3://bucket/prefix; created if empty (required)' },
      { flag: 'keep', placeholder: '<number>', help: 'remove all but so many backups afterwards; default: none' },
      { flag: 'every', placeholder: '<time>', help: 'repeat until stopped: 30m, 24h or 7d' },
    ],
    notes: [
      'A backup is one state of the catalog and all bytes that it names. Only bytes that the place does not hold are copied, and everything',
      'is encrypted with a key of the key ring. The key ring is not in the backup: keep a copy of it and its key file in another place.',
      PLACES,
      'The exit code is 1 if blobs of the archive are missing or damaged; the others are saved. --json prints one object for each backup.',
    ],
    examples: ['--to /mnt/backup', '--to s3://backups/hilum --keep 14 --every 24h'],
    load: async () => (await import('./backup.ts')).backup,
  },
  'backup list': {
    summary: 'list the complete backups of a place',
    options: [from],
    notes: ['Needs the key ring. --json prints one object a line.'],
    examples: ['--from /mnt/backup'],
    load: async () => (await import('./list-backups.ts')).listBackups,
  },
  restore: {
    summary: 'restore a backup into a new data folder, or an empty database and bucket',
    options: [from, { flag: 'backup', placeholder: '<id>', help: 'which one; default: the latest' }],
    notes: [
      'Restores into --data, or into the places of --catalog and --blobs, which must be empty, and compares every byte with its checksum.',
      'A backup of SQLite may be restored into PostgreSQL, and the reverse: the search index is rebuilt then.',
      'Needs the key ring of the archive and its key file, in keys/ of the data folder or where --key-ring and --key-file say. A server does',
      'not start on the data folder before the restore has ended. Run it again to resume an interrupted restore.',
      PLACES,
    ],
    examples: [
      '--from /mnt/backup --data /srv/hilum --key-ring safe/ring.json',
      '--from s3://safe --catalog postgres://db/hilum --blobs s3://ris',
    ],
    load: async () => (await import('./restore.ts')).restore,
  },
}
