/** What is needed to make an image of a frame that can be shown, as plain values, which a thread can be sent. */

/** A table of PS3.3 C.11.1.1 or C.7.6.3.1.5: values below the first entry have its value, and those above the last have the last. */
export interface LookupTable {
  readonly firstMapped: number
  /** Of the values. */
  readonly bits: number
  readonly values: Uint16Array
}

export const WINDOW_FUNCTIONS = ['LINEAR', 'LINEAR_EXACT', 'SIGMOID'] as const

/** PS3.3 C.11.2.1.2 and C.11.2.1.3. */
export interface Window {
  readonly center: number
  readonly width: number
  readonly function: (typeof WINDOW_FUNCTIONS)[number]
}

/** How stored values become grey values (PS3.4 N.2). */
export interface GreyDisplay {
  readonly kind: 'grey'
  /** Modality LUT. */
  readonly modality: { readonly slope: number; readonly intercept: number } | LookupTable
  /** VOI LUT. Undefined: the values of the frame, or of up to 8 bits all that the bits can hold. */
  readonly voi: Window | LookupTable | undefined
  /** MONOCHROME1: the least value is white. */
  readonly isInverted: boolean
  /** Stored values of pixels that are not part of the image, which do not count for its least and greatest value. */
  readonly padding: { readonly from: number; readonly to: number } | undefined
}

interface PaletteDisplay {
  readonly kind: 'palette'
  readonly red: LookupTable
  readonly green: LookupTable
  readonly blue: LookupTable
}

export type Display = GreyDisplay | PaletteDisplay | { readonly kind: 'colour' }

/** A rectangle of the frame, in pixels and parts of them. */
export interface Region {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export interface Rendering {
  readonly display: Display
  /** Cells are floating point numbers. */
  readonly isFloat: boolean
  readonly region: Region
  readonly isFlippedHorizontally: boolean
  readonly isFlippedVertically: boolean
  /** Of the image. */
  readonly columns: number
  readonly rows: number
  readonly mediaType: 'image/jpeg' | 'image/png'
  /** Of JPEG, 1 to 100. */
  readonly quality: number
}

export const samplesOf = ({ display }: Pick<Rendering, 'display'>): 1 | 3 => (display.kind === 'grey' ? 1 : 3)

/** Of the image, a byte a sample. */
export const rasterBytes = (rendering: Pick<Rendering, 'display' | 'rows' | 'columns'>): number =>
  rendering.rows * rendering.columns * samplesOf(rendering)
