/** How the bounds of leaves lie in memory and in the database. */
import { DIMENSIONS } from './entries.ts'

const SIZE = DIMENSIONS.length
/** Leaves whose common bounds are compared first, and that are dropped from memory and read again together. */
export const LEAVES_PER_GROUP = 64
/** Numbers per leaf: from and to of its region, then from and to of its bounding box. */
export const NUMBERS_PER_LEAF = SIZE * 4
export const BOX_FROM = SIZE * 2
export const BOX_TO = SIZE * 3
