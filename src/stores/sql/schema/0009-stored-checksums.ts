/**
 * Checksums of stored bytes, which are held against them before they are sent: of a frame that lies in one piece, where a table of frames has
 * those of its own (imaging/frame-table.ts), and of the deflated body of a metadata document.
 */
import type { Dialect } from '../engine/differences.ts'

export const storedChecksums = (_: Dialect): string => `
ALTER TABLE instances ADD COLUMN frames_checksum BIGINT;
ALTER TABLE import_files ADD COLUMN frames_checksum BIGINT;
ALTER TABLE image_set_documents ADD COLUMN body_checksum BIGINT;
`
