/**
 * The id of an image frame: a random key that all frames of an instance share, and the number of the frame, from 1. It is created at import;
 * versions and copies of an image set keep it.
 */

interface FrameOfInstance {
  /** 24 hex digits. */
  readonly framesKey: string
  readonly frameNumber: number
}

export const imageFrameIdOf = ({ framesKey, frameNumber }: FrameOfInstance): string =>
  `${framesKey}${frameNumber.toString(16).padStart(8, '0')}`

/** Undefined if no frame can have this id. */
export function parseImageFrameId(imageFrameId: string): FrameOfInstance | undefined {
  if (!/^[0-9a-f]{32}$/.test(imageFrameId)) return undefined
  return { framesKey: imageFrameId.slice(0, 24), frameNumber: Number.parseInt(imageFrameId.slice(24), 16) }
}
