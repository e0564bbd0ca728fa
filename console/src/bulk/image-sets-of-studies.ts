/** All image sets of studies, also those that are not primary: QIDO-RS does not find these. */
import { type ImageSetsMetadataSummary, paginateSearchImageSets } from '@aws-sdk/client-medical-imaging'
import type { Api } from '../api.ts'
import type { Pages } from './selection.ts'

const AT_ONCE = 6

/** @param studies pages of Study Instance UIDs */
export async function* imageSetsOfStudies(
  api: Api,
  { datastoreId, studies, signal }: { datastoreId: string; studies: Pages<string>; signal: AbortSignal },
): Pages<ImageSetsMetadataSummary> {
  for await (const page of studies) {
    for (let at = 0; at < page.length; at += AT_ONCE) {
      const some = page.slice(at, at + AT_ONCE)
      // The first page of each at the same time. Few studies have another one.
      const found = some.map((study) => pagesOfStudy(api, { datastoreId, study, signal }))
      const firsts = await Promise.all(found.map((pages) => pages.next()))
      for (const [index, { value, done }] of firsts.entries()) {
        if (done) continue
        yield value.imageSetsMetadataSummaries ?? []
        for await (const { imageSetsMetadataSummaries = [] } of found[index]!) yield imageSetsMetadataSummaries
      }
    }
  }
}

const pagesOfStudy = (
  { client }: Api,
  { datastoreId, study, signal: abortSignal }: { datastoreId: string; study: string; signal: AbortSignal },
) =>
  paginateSearchImageSets(
    { client, pageSize: 50 },
    {
      datastoreId,
      searchCriteria: {
        filters: [{ operator: 'EQUAL', values: [{ DICOMStudyInstanceUID: study }] }],
        sort: { sortField: 'createdAt', sortOrder: 'ASC' },
      },
    },
    { abortSignal },
  )
