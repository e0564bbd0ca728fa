/** Violations of PS3.5 that lose nothing. The file is read, as other readers do, and the fault is recorded. */

/** How many zeros after the data set are skipped: files may be padded to a block. */
export const TRAILING_ZEROS_MAX = 512

export type ToleratedFault = 'pixel-data-without-delimiter' | 'blank-vr' | 'trailing-zeros'
