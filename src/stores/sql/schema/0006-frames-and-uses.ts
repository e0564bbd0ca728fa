/**
 * Where the frames of each instance lie; which image sets use which blob, so that bytes are freed with their last holder; where the
 * patient, study and series of a version lie, and what AWS's GetImageSet says of one.
 */
import type { Dialect } from '../engine/differences.ts'

const FRAMES_COLUMNS = ({ text }: Dialect): readonly (readonly [name: string, type: string])[] => [
  ['frames_key', text],
  ['frames_blob', 'BIGINT'],
  ['frames_offset_bytes', 'BIGINT'],
  ['frames_size_bytes', 'BIGINT'],
  ['frame_count', 'BIGINT'],
  ['frames_hold', text],
  ['stored_transfer_syntax_uid', text],
]

/** Unknown of what came in before: its levels are those of its last instance. */
const LEVELS_COLUMNS = ['levels_blob', 'levels_offset_bytes', 'levels_size_bytes']

export const framesAndUses = (dialect: Dialect): string => `
${['instances', 'import_files']
  .flatMap((table) => FRAMES_COLUMNS(dialect).map(([name, type]) => `ALTER TABLE ${table} ADD COLUMN ${name} ${type};`))
  .join('\n')}
CREATE INDEX instances_by_frames ON instances (frames_key, seq) WHERE frames_key IS NOT NULL;

ALTER TABLE blobs ADD COLUMN size_bytes BIGINT;
ALTER TABLE blobs ADD COLUMN sha256 ${dialect.text};
ALTER TABLE blobs ADD COLUMN unreferenced_since BIGINT;
CREATE INDEX blobs_unreferenced ON blobs (blob) WHERE unreferenced_since IS NOT NULL;

CREATE TABLE blob_uses (
  blob BIGINT NOT NULL REFERENCES blobs,
  seq BIGINT NOT NULL REFERENCES image_sets,
  PRIMARY KEY (blob, seq)
) ${dialect.inKeyOrder};
CREATE INDEX blob_uses_of ON blob_uses (seq, blob);
INSERT INTO blob_uses (blob, seq)
  SELECT blob, seq FROM instances
  UNION SELECT metadata_blob, seq FROM instances WHERE metadata_blob IS NOT NULL
  UNION SELECT blob, seq FROM image_set_documents WHERE blob IS NOT NULL;

${['import_groups', 'image_set_versions']
  .flatMap((table) => LEVELS_COLUMNS.map((column) => `ALTER TABLE ${table} ADD COLUMN ${column} BIGINT;`))
  .join('\n')}
ALTER TABLE image_set_versions ADD COLUMN message ${dialect.text};
ALTER TABLE image_set_versions ADD COLUMN forced BIGINT NOT NULL DEFAULT 0;

CREATE TABLE workflows (
  workflow ${dialect.lastingKey},
  datastore BIGINT NOT NULL REFERENCES datastores,
  operation ${dialect.text} NOT NULL,
  request ${dialect.text} NOT NULL,
  begun_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  lease_owner ${dialect.text},
  lease_until BIGINT
);
CREATE INDEX workflows_of ON workflows (datastore);

CREATE TABLE workflow_image_sets (
  seq ${dialect.numberKey} REFERENCES image_sets,
  workflow BIGINT NOT NULL REFERENCES workflows,
  role ${dialect.text} NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX workflow_image_sets_of ON workflow_image_sets (workflow);
`
