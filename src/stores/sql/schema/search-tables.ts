/** The tables of the search index (src/stores/search/README.md): a part of the catalog's schema. */
import type { Dialect } from '../engine/differences.ts'

export const searchTables = ({ bytes, inKeyOrder, lastingKey, numberKey, references, text }: Dialect): string => `
-- DICOM attributes that are declared searchable for a data store, beside those that are in every one.
CREATE TABLE declared_attributes (
  datastore BIGINT NOT NULL REFERENCES datastores,
  -- In stored texts and in keys of the dictionary. Never given again in the data store.
  declaration BIGINT NOT NULL,
  tag ${text} NOT NULL,
  keyword ${text} NOT NULL,
  -- 'words', 'whole' or 'number'.
  comparison ${text} NOT NULL,
  -- 'building', 'live' or 'removing'.
  state ${text} NOT NULL,
  -- While building or removing: the last image set that is done, and the last that has to be.
  done_to BIGINT NOT NULL,
  up_to BIGINT NOT NULL,
  PRIMARY KEY (datastore, declaration)
) ${inKeyOrder};
CREATE UNIQUE INDEX declared_attributes_of ON declared_attributes (datastore, keyword);

CREATE TABLE search_partitions (
  partition ${lastingKey},
  datastore BIGINT NOT NULL REFERENCES datastores,
  -- 'live', 'rebuilding' or 'retired'.
  state ${text} NOT NULL,
  is_primary BIGINT NOT NULL,
  -- The text that its image sets have; empty for the partition of all.
  attribute ${text} NOT NULL,
  value ${text} NOT NULL
);
CREATE UNIQUE INDEX search_partitions_by_value ON search_partitions (datastore, state, value, attribute, is_primary);
CREATE INDEX search_partitions_retired ON search_partitions (datastore) WHERE state = 'retired';

CREATE TABLE search_leaves (
  -- That of the data store, and one that counts its leaves: write-leaves.ts.
  leaf ${numberKey},
  partition BIGINT NOT NULL ${references('search_partitions')},
  entry_count BIGINT NOT NULL,
  changed_in BIGINT NOT NULL,
  -- Region and bounding box.
  bounds ${bytes} NOT NULL
);
CREATE INDEX search_leaves_changed ON search_leaves (partition, changed_in);

-- Beside the leaves, so that bounds are read without entries.
CREATE TABLE search_entries (
  leaf ${numberKey} ${references('search_leaves')},
  entries ${bytes} NOT NULL
);

-- The words of a data store. Its postings lie between two chunks; NULL while it has none.
CREATE TABLE search_dictionaries (
  dictionary ${lastingKey},
  datastore BIGINT NOT NULL REFERENCES datastores,
  -- As of partitions.
  state ${text} NOT NULL,
  first_chunk BIGINT,
  last_chunk BIGINT,
  -- The last change but for additions to the tail.
  changed_in BIGINT NOT NULL,
  -- The greatest number given to a token.
  last_token BIGINT NOT NULL DEFAULT 0,
  -- While the tail is sealed: a name of the sealing, the last row that it seals, and the last token whose posting is written.
  sealing ${text},
  sealing_to BIGINT,
  sealed_token BIGINT
);
CREATE INDEX search_dictionaries_of ON search_dictionaries (datastore, state);

CREATE TABLE search_tokens (
  dictionary BIGINT NOT NULL ${references('search_dictionaries')},
  token BIGINT NOT NULL,
  -- An attribute, and a word, a prefix of words, or a high-frequency text.
  word_key ${text} NOT NULL,
  PRIMARY KEY (dictionary, token)
) ${inKeyOrder};
CREATE UNIQUE INDEX search_tokens_by_key ON search_tokens (dictionary, word_key);

-- The image sets of a chunk of row ids that have a token: offsets in the chunk.
CREATE TABLE search_postings (
  dictionary BIGINT NOT NULL ${references('search_dictionaries')},
  chunk BIGINT NOT NULL,
  token BIGINT NOT NULL,
  offsets ${bytes} NOT NULL,
  PRIMARY KEY (dictionary, chunk, token)
) ${inKeyOrder};

-- New image sets that are in no posting yet.
CREATE TABLE search_tail (
  dictionary BIGINT NOT NULL ${references('search_dictionaries')},
  row_id BIGINT NOT NULL ${references('image_sets')},
  -- The change that added it.
  added_in BIGINT NOT NULL,
  PRIMARY KEY (dictionary, added_in, row_id)
) ${inKeyOrder};
`
