/**
 * All frames of an instance, in order, each as it is to be stored. Frames are read a few at a time and returned one by one: neither the file
 * nor all of its frames are in memory.
 */
import type { FramesToStore } from './frame-plan.ts'
import { isBitPacked, keepFrames } from './keep-frames.ts'
import type { StoredFrame } from './stored-frame.ts'
import { type FrameSource, transcodeFrames } from './transcode-frames.ts'

/** @throws FramesUnavailable, and the errors of the source and of stopped threads */
export function storedFrames(
  plan: FramesToStore,
  { source, threads }: FrameSource,
): AsyncGenerator<StoredFrame, void, void> {
  return plan.disposition === 'transcoded' ? transcodeFrames(plan, { source, threads }) : keepFrames(plan, source)
}

/** Whether the stored frames have bytes of their own; otherwise they are ranges of the file of the instance. */
export const areStoredApart = (plan: FramesToStore): boolean => plan.disposition === 'transcoded' || isBitPacked(plan)
