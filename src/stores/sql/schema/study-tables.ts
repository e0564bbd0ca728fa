/** The tables of the index of studies (src/stores/sql/studies/): a part of the catalog's schema. */
import type { Dialect } from '../engine/differences.ts'
import { INDEXED_COLUMNS, STUDY_COLUMNS, type StudyColumn } from '../studies/study-columns.ts'

export const studyTables = ({ countedKey, numberKey, references, text }: Dialect): string => {
  const searched = Object.values<StudyColumn>(STUDY_COLUMNS)
    .map(({ column, words }) => `\n  ${column} ${text}${words === undefined ? '' : `,\n  ${words} ${text}`}`)
    .join(',')
  const state = `
  row_id BIGINT NOT NULL ${references('image_sets')},
  updated_at BIGINT NOT NULL,
  series BIGINT NOT NULL,
  instances BIGINT NOT NULL,
  -- Of all series, each once and in order, each after a backslash. NULL: none.
  modalities ${text},
  -- As DICOM has them: JSON.
  attributes ${text} NOT NULL,
  -- Whether one of its texts is too long for the index of words.
  words_cut BIGINT NOT NULL,
  -- The values as searches compare them. NULL: without a value.${searched}`
  return `
-- Studies that have a primary image set. The attributes are those of the oldest one, which row_id names.
CREATE TABLE studies (
  study ${countedKey},
  datastore BIGINT NOT NULL ${references('datastores')},
  -- The number of the change that wrote the row.
  changed_in BIGINT NOT NULL,${state}
);
CREATE INDEX studies_words_cut ON studies (datastore) WHERE words_cut = 1;
CREATE UNIQUE INDEX studies_study_instance_uid ON studies (datastore, study_instance_uid);
${INDEXED_COLUMNS.map((column) => `CREATE INDEX studies_${column} ON studies (datastore, ${column}, study);`).join('\n')}

-- How many studies a data store has.
CREATE TABLE study_totals (
  datastore ${numberKey} REFERENCES datastores,
  studies BIGINT NOT NULL
);

-- Former states of studies, as in image_set_history.
CREATE TABLE study_history (
  history_id ${countedKey},
  study BIGINT NOT NULL,
  datastore BIGINT NOT NULL ${references('datastores')},
  from_change BIGINT NOT NULL,
  until_change BIGINT NOT NULL,
  superseded_at BIGINT NOT NULL,${state}
);
CREATE INDEX study_history_until ON study_history (datastore, until_change);
CREATE INDEX study_history_of ON study_history (study);

`
}
