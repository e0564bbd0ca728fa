/** How a pane shows its image, between the viewer and the address of the study view. */
import { UPRIGHT } from '../viewer/geometry/orientation.ts'
import type { Voi } from '../viewer/pixels/render.ts'
import type { Shown } from '../viewer/StackPane.tsx'
import type { PaneAddress, PaneDisplay } from './study-address.ts'

export function displayOf({ index, voi, orientation, isInverted, place }: Shown): PaneDisplay {
  return {
    image: index + 1,
    window: voi.kind === 'window' ? voi.window : undefined,
    preset: voi.kind === 'full' ? 'full' : voi.kind === 'table' ? voi.index : undefined,
    orientation: orientation.isFlipped || orientation.quarterTurns !== 0 ? orientation : undefined,
    isInverted: isInverted || undefined,
    place,
  }
}

/** What the viewer of the pane starts with. */
export const firstOf = (pane: PaneAddress): Shown => ({
  index: (pane.image ?? 1) - 1,
  voi: voiOf(pane),
  orientation: pane.orientation ?? UPRIGHT,
  isInverted: pane.isInverted ?? false,
  place: pane.place,
})

function voiOf({ window, preset }: PaneAddress): Voi {
  if (window !== undefined) return { kind: 'window', window }
  if (preset === undefined) return { kind: 'stored' }
  return preset === 'full' ? { kind: 'full' } : { kind: 'table', index: preset }
}
