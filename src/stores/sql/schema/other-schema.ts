/** Errors of opening a catalog that this program cannot use. Nothing was read from its tables or changed. */

/** A message says what was found and what to do, as a clause without a full stop. */
export abstract class OtherSchema extends Error {}

export class NewerSchema extends OtherSchema {
  override readonly name = 'NewerSchema'
  constructor({ found, latest }: { readonly found: number; readonly latest: number }) {
    super(
      `the catalog has schema ${found}, this program knows schemas up to ${latest}: ` +
        'start the newer version that wrote it, or restore a backup from before the upgrade',
    )
  }
}

/** Opened for reading only, which migrates nothing. */
export class OlderSchema extends OtherSchema {
  override readonly name = 'OlderSchema'
  constructor({ found, latest }: { readonly found: number; readonly latest: number }) {
    super(
      `the catalog has schema ${found}, this program reads schema ${latest}: start \`hilum serve\`, which migrates it`,
    )
  }
}

/** Of a commit before version 0.1.0, the first release. */
export class UnreleasedSchema extends OtherSchema {
  override readonly name = 'UnreleasedSchema'
  constructor(found: number) {
    super(
      `the catalog has schema ${found}, which a commit before version 0.1.0 wrote and no release can read: ` +
        'start with an empty data folder (on PostgreSQL with an empty database) and import the files again',
    )
  }
}

/** Opened for reading only, which creates nothing. */
export class NoSchema extends OtherSchema {
  override readonly name = 'NoSchema'
  constructor() {
    super('there is no catalog of Hilum: start `hilum serve`, which creates it')
  }
}
