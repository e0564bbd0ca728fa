// What docs/dicomweb-conformance.md says before the results of the tests: its introduction, and the requests from the table of routes. It is
// loaded where TypeScript can be read.
import { ANSWERS } from '../src/protocols/dicomweb/answers.ts'
import { clauseOf, DICOMWEB_ROUTES, nameOf } from '../src/protocols/dicomweb/routes.ts'

export const DICOMWEB_INTRODUCTION = `# DICOMweb conformance

What of DICOM PS3.18 Hilum has, and every tested behaviour with its source. \`npm run conformance\` writes this page from the table of routes
and the results of the acceptance tests in \`acceptance/dicomweb/\`. [DICOMweb](dicomweb.md) explains the requests, and
[names what is left out](dicomweb.md#left-out).

- **PS3.18**: a clause of the standard.
- **documented**, **recorded**: AWS HealthImaging does the same, by its documentation or by published requests and answers.
- **choice**: neither says; [dicomweb.md](dicomweb.md) and \`docs/decisions/\` have the reasons.
`

/** A row for each route that is answered. */
export function requestsOfDicomweb() {
  const rows = DICOMWEB_ROUTES.filter((route) => nameOf(route) in ANSWERS).map((route) => {
    const [method, path] = route.http.split(' ')
    const below = path.replace('/datastore/{datastoreId}', '') || '/'
    const source = route.name === undefined ? 'AWS' : 'Hilum'
    return `| \`${method} ${below}\` | ${nameOf(route)} | ${clauseOf(route)} | ${source} | \`medical-imaging:${route.action}\` |`
  })
  return `## Requests\n\nBelow \`/datastore/<datastoreId>\`:\n\n| request | name | PS3.18 | defined by | a policy must allow |\n|---|---|---|---|---|\n${rows.join('\n')}\n`
}
