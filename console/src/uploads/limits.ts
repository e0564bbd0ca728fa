/** The limits of uploads in the browser. */

/** The default limit of the server for the body of a request. */
export const REQUEST_BYTES = 4 * 1024 * 1024
/** Small files of one request. The server has a limit too (`uploadFilesPerRequest`). */
export const FILES_PER_REQUEST = 500
/** Browsers have six connections to a server: two are left for the pages. */
export const REQUESTS_AT_ONCE = 4
/** A request that fails because of the network or the server is sent again after 1, 2, 4 ... seconds. */
export const ATTEMPTS_MAX = 12
export const RETRY_MS = 1_000
export const RETRY_MS_MAX = 30_000
/** The speed is that of the last seconds. */
export const RATE_WINDOW_MS = 10_000
/** How often the tray is drawn. */
export const DRAW_MS = 250
/** How often the state of an import job is fetched. */
export const JOB_POLL_MS = 1_000
/** Failed files that the tray lists; it counts all. */
export const FAILED_FILES_SHOWN = 100
