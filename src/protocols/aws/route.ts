/**
 * From method and raw path to an operation, by the contract's path templates. Matching is done on the segments as received,
 * and labels are decoded afterwards: a tags ARN is one segment with its slashes encoded, whatever its colons are (the AWS SDK
 * for C++ sends them raw, all others encoded).
 */
import { type OperationName, operations } from '../../contract/operations.ts'

export interface Route {
  readonly operation: OperationName
  /** The label members as they stand in the path, still percent-encoded; '' where the segment was empty. */
  readonly labels: Readonly<Record<string, string>>
}

interface Template {
  readonly operation: OperationName
  readonly segments: readonly { readonly text: string; readonly isLabel: boolean }[]
}

/** Built once; answers undefined where the API has no such path. */
export function createRouter(): (method: string, path: string) => Route | undefined {
  const templates = new Map<string, Template[]>()
  for (const operation of Object.keys(operations) as OperationName[]) {
    const [method, path] = operations[operation].http.split(' ') as [string, string]
    const segments = path
      .slice(1)
      .split('/')
      .map((segment) =>
        segment.startsWith('{') ? { text: segment.slice(1, -1), isLabel: true } : { text: segment, isLabel: false },
      )
    const key = `${method} ${segments.length}`
    templates.set(key, [...(templates.get(key) ?? []), { operation, segments }])
  }

  const find = (method: string, path: string): Route | undefined => {
    const segments = path.slice(1).split('/')
    for (const template of templates.get(`${method} ${segments.length}`) ?? []) {
      const labels = match(template, segments)
      if (labels !== undefined) return { operation: template.operation, labels }
    }
    return undefined
  }
  return (method, path) => {
    if (!path.startsWith('/')) return undefined
    // As it stands first, so that `/datastore//searchImageSets` is an empty label and earns a ValidationException that names
    // it; then collapsed, since the AWS SDK for JavaScript sends `//datastore` for an endpoint that ends in a slash.
    return find(method, path) ?? (path.includes('//') ? find(method, path.replace(/\/{2,}/g, '/')) : undefined)
  }
}

function match(template: Template, segments: readonly string[]): Record<string, string> | undefined {
  const labels: Record<string, string> = {}
  for (const [index, { text, isLabel }] of template.segments.entries()) {
    const segment = segments[index] as string
    if (isLabel) labels[text] = segment
    else if (text !== segment) return undefined
  }
  return labels
}
