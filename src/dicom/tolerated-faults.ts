/** What a file has against PS3.5 that loses nothing: it is read all the same, as some other readers do, and noted. */

/** Zeros after the data set, as files padded to a block have them, are read over up to so many. */
export const TRAILING_ZEROS_MAX = 512

export type ToleratedFault = 'pixel-data-without-delimiter' | 'blank-vr' | 'trailing-zeros'
