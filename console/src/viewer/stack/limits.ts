/** What the viewer takes of a machine, and what it does not try: each limit by name. */

/** Of decoded frames that are kept: those furthest from the one on screen go first. */
export const CACHED_FRAME_BYTES_MAX = 384 * 1024 * 1024
/** Frames on their way at a time, beside the one that the person waits for. */
export const PREFETCHED_FRAMES_MAX = 4
/** Threads that decode. */
export const DECODERS_MAX = 4
/** A frame that takes longer is given up, and its thread with it. */
export const DECODE_MS_MAX = 30_000
/** A frame of fewer pixels comes at once; of a larger one a smaller image comes first. */
export const PREVIEW_PIXELS_MIN = 200_000
export const PREVIEW_COLUMNS = 160
/** What every browser draws: a canvas of more pixels, or of a longer side, stays empty in one of them. */
export const IMAGE_PIXELS_MAX = 120_000_000
export const IMAGE_SIDE_MAX = 32_767
/** A video is held whole while it is shown. */
export const VIDEO_BYTES_MAX = 512 * 1024 * 1024
/** Thumbnails made at a time, and kept. */
export const CONCURRENT_THUMBNAILS_MAX = 4
export const CACHED_THUMBNAILS_MAX = 500
export const THUMBNAIL_COLUMNS = 96
