/** Writes a description of requests as WADL (W3C member submission of 31 August 2009), as PS3.18 annex H has it: a tree of resources. */

export interface DescribedMethod {
  readonly method: string
  /** `/studies/{study}`, below the base; '' is the base itself. */
  readonly path: string
  readonly id: string
  readonly queryParameters: readonly string[]
  /** Of the body of the request, and of that of the reply. Empty: none. */
  readonly consumes: readonly string[]
  readonly produces: readonly string[]
  /** Of a reply without a fault. */
  readonly statuses: readonly number[]
}

interface Resource {
  readonly methods: DescribedMethod[]
  readonly children: Map<string, Resource>
}

const newResource = (): Resource => ({ methods: [], children: new Map() })

export function writeWadl(base: string, methods: readonly DescribedMethod[]): string {
  const root = newResource()
  for (const method of methods) {
    let at = root
    for (const segment of method.path.split('/').filter((each) => each !== '')) {
      const below = at.children.get(segment) ?? newResource()
      at.children.set(segment, below)
      at = below
    }
    at.methods.push(method)
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<application xmlns="http://wadl.dev.java.net/2009/02" xmlns:xsd="http://www.w3.org/2001/XMLSchema">',
    `  <resources base="${escaped(base)}">`,
    ...linesOf(root, '    '),
    '  </resources>',
    '</application>',
    '',
  ].join('\n')
}

function linesOf({ methods, children }: Resource, indent: string): string[] {
  const own = methods.flatMap((method) => linesOfMethod(method, indent))
  const below = [...children].flatMap(([segment, resource]) => [
    `${indent}<resource path="${escaped(segment)}">`,
    ...templatesIn(segment).map((name) => `${indent}  ${param(name, 'template', ' required="true"')}`),
    ...linesOf(resource, `${indent}  `),
    `${indent}</resource>`,
  ])
  return [...own, ...below]
}

const templatesIn = (segment: string): string[] => [...segment.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)

const param = (name: string, style: 'query' | 'template', more = ''): string =>
  `<param name="${escaped(name)}" style="${style}" type="xsd:string"${more}/>`

function linesOfMethod(method: DescribedMethod, indent: string): string[] {
  const { id, queryParameters, consumes, produces, statuses } = method
  const accept = produces.map((type) => `${indent}      <option value="${escaped(type)}"/>`)
  return [
    `${indent}<method name="${method.method}" id="${escaped(id)}">`,
    `${indent}  <request>`,
    ...queryParameters.map((name) => `${indent}    ${param(name, 'query')}`),
    ...(accept.length === 0
      ? []
      : [`${indent}    <param name="Accept" style="header">`, ...accept, `${indent}    </param>`]),
    ...representations(consumes, `${indent}    `),
    `${indent}  </request>`,
    `${indent}  <response status="${statuses.join(' ')}">`,
    ...representations(produces, `${indent}    `),
    `${indent}  </response>`,
    `${indent}</method>`,
  ]
}

const representations = (types: readonly string[], indent: string): string[] =>
  types.map((type) => `${indent}<representation mediaType="${escaped(type)}"/>`)

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character]!)
