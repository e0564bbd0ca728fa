/**
 * Prints a search as a program for another client: the AWS CLI, the SDK for JavaScript, boto3. With the variables of `hilum env`, each program
 * prints the same image sets as `hilum search --json`.
 */
import type { SearchCriteria } from '@aws-sdk/client-medical-imaging'
import { shellQuoted } from '../../server/shells.ts'

export interface PrintedSearch {
  readonly datastoreId: string
  readonly searchCriteria: SearchCriteria | undefined
  /** Undefined for all that match. */
  readonly limit: number | undefined
  /** The command that prints the variables for clients. */
  readonly envCommand: string
}

/** By option. */
export const SNIPPETS: Readonly<Record<string, (search: PrintedSearch) => string>> = {
  cli: awsCli,
  js: javascript,
  python,
}

const WIDTH = 100

function awsCli({ datastoreId, searchCriteria, limit, envCommand }: PrintedSearch): string {
  const whole = searchCriteria && inWholeSeconds(searchCriteria)
  const criteria = whole && JSON.stringify(whole)
  return [
    `# Needs the variables of: eval "$(${envCommand})"`,
    ...roundingNote('The AWS CLI', searchCriteria, whole),
    [
      `aws medical-imaging search-image-sets --datastore-id ${datastoreId}`,
      ...(criteria === undefined ? [] : [`--search-criteria ${shellQuoted(criteria)}`]),
      ...(limit === undefined ? [] : [`--max-items ${limit}`]),
    ].join(' \\\n  '),
  ].join('\n')
}

function javascript({ datastoreId, searchCriteria, limit, envCommand }: PrintedSearch): string {
  const criteria = searchCriteria && literal(searchCriteria, JAVASCRIPT)
  const summaries = 'page.imageSetsMetadataSummaries'
  const print = (list: string) => `  for (const imageSet of ${list}) console.log(JSON.stringify(imageSet))`
  return [
    `// Needs the variables of: eval "$(${envCommand})"`,
    "import { MedicalImagingClient, paginateSearchImageSets } from '@aws-sdk/client-medical-imaging'",
    '',
    'const client = new MedicalImagingClient({ disableHostPrefix: true })',
    ...(criteria === undefined ? [] : [`const searchCriteria = ${criteria}`]),
    `const search = { datastoreId: '${datastoreId}'${criteria === undefined ? '' : ', searchCriteria'} }`,
    ...(limit === undefined ? [] : [`let left = ${limit}`]),
    'for await (const page of paginateSearchImageSets({ client, pageSize: 50 }, search)) {',
    ...(limit === undefined
      ? [print(summaries)]
      : [print(`${summaries}.slice(0, left)`), `  left -= ${summaries}.length`, '  if (left <= 0) break']),
    '}',
  ].join('\n')
}

function python({ datastoreId, searchCriteria, limit, envCommand }: PrintedSearch): string {
  const whole = searchCriteria && inWholeSeconds(searchCriteria)
  const criteria = whole && literal(whole, PYTHON)
  return [
    `# Needs the variables of: eval "$(${envCommand})"`,
    ...roundingNote('boto3', searchCriteria, whole),
    'import json',
    '',
    'import boto3',
    '',
    'paginator = boto3.client("medical-imaging").get_paginator("search_image_sets")',
    ...(criteria === undefined ? [] : [`search_criteria = ${criteria}`]),
    'pages = paginator.paginate(',
    `    datastoreId="${datastoreId}",`,
    ...(criteria === undefined ? [] : ['    searchCriteria=search_criteria,']),
    ...(limit === undefined ? [] : [`    PaginationConfig={"MaxItems": ${limit}},`]),
    ')',
    'for page in pages:',
    '    for image_set in page["imageSetsMetadataSummaries"]:',
    '        print(json.dumps(image_set, default=str, ensure_ascii=False))',
  ].join('\n')
}

/**
 * boto3 and the AWS CLI truncate times to whole seconds. An upper bound such as 23:59:59.999 must not lose its last second, so it is rounded up: a
 * millisecond too many instead of 999 too few. A comment in the program says so.
 */
function inWholeSeconds(criteria: SearchCriteria): SearchCriteria {
  const roundedUp = (name: string, value: unknown) =>
    value instanceof Date ? [name, new Date(Math.ceil(value.getTime() / 1000) * 1000)] : [name, value]
  const filters = criteria.filters?.map((filter) => ({
    ...filter,
    values: filter.values?.map((value, at) =>
      at === 0 ? value : Object.fromEntries(Object.entries(value).map(([name, one]) => roundedUp(name, one))),
    ),
  }))
  return { ...criteria, ...(filters && { filters }) } as SearchCriteria
}

const roundingNote = (
  client: string,
  exact: SearchCriteria | undefined,
  whole: SearchCriteria | undefined,
): string[] =>
  JSON.stringify(exact) === JSON.stringify(whole)
    ? []
    : [`# ${client} sends whole seconds: the upper bound, which has a fraction, was rounded up.`]

interface Dialect {
  readonly indent: string
  /** Inside braces on one line. */
  readonly space: string
  name(member: string): string
  atom(value: unknown): string
}

const JAVASCRIPT: Dialect = {
  indent: '  ',
  space: ' ',
  name: (member) => member,
  atom: (value) => (value instanceof Date ? `new Date('${value.toISOString()}')` : singleQuoted(JSON.stringify(value))),
}

const singleQuoted = (json: string): string => (/^"[^'\\]*"$/.test(json) ? `'${json.slice(1, -1)}'` : json)

/** A JSON string is a Python string; boto3 accepts times as text. */
const PYTHON: Dialect = {
  indent: '    ',
  space: '',
  name: (member) => JSON.stringify(member),
  atom: (value) => (value === true ? 'True' : value === false ? 'False' : JSON.stringify(value)),
}

/** On one line where it fits, otherwise one member on a line. */
function literal(value: unknown, dialect: Dialect, depth = 0): string {
  if (typeof value !== 'object' || value === null || value instanceof Date) return dialect.atom(value)
  const isList = Array.isArray(value)
  const parts = Object.entries(value).map(([member, inner]) => {
    const text = literal(inner, dialect, depth + 1)
    return isList ? text : `${dialect.name(member)}: ${text}`
  })
  const [open, close] = isList ? ['[', ']'] : ['{', '}']
  const inner = parts.join(', ')
  const isShort = !inner.includes('\n') && inner.length + depth * dialect.indent.length < WIDTH
  if (isShort) return isList ? `[${inner}]` : `{${dialect.space}${inner}${dialect.space}}`
  const lines = parts.map((part) => `${dialect.indent.repeat(depth + 1)}${part},`)
  return [open, ...lines, `${dialect.indent.repeat(depth)}${close}`].join('\n')
}
