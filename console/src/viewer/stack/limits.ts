/** The limits of the viewer. */

/** Decoded frames in memory. Those furthest from the current image are dropped first. */
export const CACHED_FRAME_BYTES_MAX = 320 * 1024 * 1024
/** Series that are not on screen and keep decoded frames, and how much of each. */
export const IDLE_LOADERS_MAX = 3
export const IDLE_FRAME_BYTES_MAX = 48 * 1024 * 1024
/** Frames that are fetched at a time, in addition to the current one. */
export const PREFETCHED_FRAMES_MAX = 4
/** Workers that decode. */
export const DECODERS_MAX = 4
/** Decoding that takes longer is cancelled together with its worker. */
export const DECODE_MS_MAX = 30_000
/** Images with at least this many pixels are preceded by a preview. */
export const PREVIEW_PIXELS_MIN = 200_000
export const PREVIEW_COLUMNS = 160
/** What all browsers can draw: a larger or longer canvas stays empty in some of them. */
export const IMAGE_PIXELS_MAX = 120_000_000
export const IMAGE_SIDE_MAX = 32_767
/** A video is in memory as a whole while it is shown. */
export const VIDEO_BYTES_MAX = 512 * 1024 * 1024
export const CONCURRENT_THUMBNAILS_MAX = 4
export const CACHED_THUMBNAILS_MAX = 500
export const THUMBNAIL_COLUMNS = 96
/** Shapes on the images of an image set. The first drawn is dropped first. */
export const SHAPES_MAX = 500
export const UNDO_STEPS_MAX = 100
/** Of the text of an arrow. */
export const ARROW_TEXT_MAX = 200
/** Shapes of one measurement report, and reports of a study, that are drawn. */
export const SAVED_SHAPES_MAX = 1_000
export const REPORTS_MAX = 20
/** Content items of a structured report that are shown. */
export const REPORT_ITEMS_MAX = 5_000
/** A document in an instance, such as a PDF, that is shown or saved from the metadata. */
export const ENCAPSULATED_BYTES_MAX = 64 * 1024 * 1024
/** Instances of an image set without images that are listed. */
export const LISTED_INSTANCES_MAX = 50
/** Images of a key object selection that are listed. */
export const KEY_IMAGES_MAX = 500
/** Of one segmentation. */
export const SEGMENTS_MAX = 256
/** Decoded frames of segmentations in memory. */
export const MASK_BYTES_MAX = 48 * 1024 * 1024
/** Series of segmentations, and of presentation states, whose metadata a study view reads. */
export const OVERLAY_SERIES_MAX = 20
/** Of one presentation state. */
export const REFERENCED_IMAGES_MAX = 5_000
/** Graphics, and texts, on one image, and the points of one. */
export const GRAPHICS_MAX = 500
export const GRAPHIC_POINTS_MAX = 5_000
