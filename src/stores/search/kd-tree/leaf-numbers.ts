/** Numbers of leaves: that of the data store, and in the lower 32 bits one that counts its leaves from 1. */
const LEAVES_OF_DATASTORE = 2 ** 32

export const leafNumber = (datastore: number, leaf: number): number => datastore * LEAVES_OF_DATASTORE + leaf

/** Which leaf of its data store it is. */
export const leafInDatastore = (leaf: number): number => leaf >>> 0
