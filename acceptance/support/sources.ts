/**
 * Who says that AWS HealthImaging behaves as a test demands: given to a test, or to the suite around it, where node:test takes its
 * options. `scripts/behaviours.mjs` reads them for docs/conformance.md; they change nothing of how a test runs.
 */

/** AWS's service model, API reference, developer guide, release notes or CLI examples. */
export const documented = {}

/** Real answers of the service and real requests of its clients, as AWS's own examples and other users have published them. */
export const recorded = {}

/** Nobody says, or sources contradict each other: what Hilum does was chosen. */
export const choice = {}
