/**
 * The source for a behaviour of AWS HealthImaging that a test demands. Passed to a test, or to its suite, as options of node:test.
 * `scripts/behaviours.mjs` reads the sources for docs/conformance.md and docs/dicomweb-conformance.md; they do not affect how a test runs.
 */

/** AWS's service model, API reference, developer guide, release notes or CLI examples. */
export const documented = {}

/** Real responses of the service and real requests of its clients, as published in AWS's examples and by other users. */
export const recorded = {}

/** Undocumented, or documented inconsistently: Hilum's own choice. */
export const choice = {}

/** DICOM PS3.18, for what AWS does not have or does not document. @param _number of the clause, with `and` between several */
export const clause = (_number: string): object => ({})
