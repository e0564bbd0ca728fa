/**
 * Finds the operation of a request by the contract's path templates. The ARN of a tag operation is one segment with its slashes encoded;
 * its colons may be raw, as the AWS SDK for C++ sends them.
 */
import { type OperationName, operations } from '../../contract/operations.ts'
import { createRouter, type RouteMatch } from '../http/router.ts'

type OperationMatch = RouteMatch<{ readonly operation: OperationName }>

export function createOperationRouter(): (method: string, path: string) => OperationMatch | undefined {
  const names = Object.keys(operations) as OperationName[]
  const find = createRouter(names.map((operation) => ({ http: operations[operation].http, operation })))
  // The path as received first: `/datastore//searchImageSets` has an empty label, which earns a ValidationException that names it. Then
  // with double slashes collapsed: the AWS SDK for JavaScript sends `//datastore` for an endpoint that ends in a slash.
  return (method, path) =>
    find(method, path) ?? (path.includes('//') ? find(method, path.replace(/\/{2,}/g, '/')) : undefined)
}
