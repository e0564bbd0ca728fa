/** `hilum export` for a selection. */
import type { ChosenImageSets, Contents } from './selection.ts'

/** A command line stays shorter than the shells of Windows allow (8,191 characters). */
const IMAGE_SETS_PER_COMMAND = 100

export function exportCommands(
  { imageSetIds, studyUIDs }: Pick<Contents, 'imageSetIds' | 'studyUIDs'>,
  { what, datastoreId, server }: { what: ChosenImageSets['what']; datastoreId: string; server: string },
): string {
  const command = (selected: string) =>
    `hilum export --endpoint ${server} --datastore ${datastoreId} --to export ${selected}`
  if (what === 'study') return studyUIDs.map((uid) => command(`--study ${uid}`)).join('\n')
  const lines: string[] = []
  for (let at = 0; at < imageSetIds.length; at += IMAGE_SETS_PER_COMMAND) {
    const some = imageSetIds.slice(at, at + IMAGE_SETS_PER_COMMAND)
    lines.push(command(some.map((id) => `--image-set ${id}`).join(' ')))
  }
  return lines.join('\n')
}
