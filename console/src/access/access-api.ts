/** The routes below /hilum/ for principals and policies (docs/extensions.md). */
import type { CreatedKey, PolicySummary, PrincipalSummary } from '../../../src/contract/access.ts'
import type { Api } from '../api.ts'

const read = async (api: Api, ...path: readonly string[]): Promise<unknown> =>
  (await api.request({ method: 'GET', path })).json()

export const listPrincipals = async (api: Api): Promise<readonly PrincipalSummary[]> =>
  ((await read(api, 'principals')) as { readonly principals: readonly PrincipalSummary[] }).principals

export const listPolicies = async (api: Api): Promise<readonly PolicySummary[]> =>
  ((await read(api, 'policies')) as { readonly policies: readonly PolicySummary[] }).policies

export async function createPrincipal(
  api: Api,
  { name, policyNames }: { readonly name: string; readonly policyNames: readonly string[] },
): Promise<CreatedKey> {
  const policies = policyNames.map((policyName) => ({ policyName }))
  const body = encoded(JSON.stringify({ principalName: name, policies }))
  return (await (await api.request({ method: 'POST', path: ['principals'], body })).json()) as CreatedKey
}

export const setPrincipalEnabled = (api: Api, name: string, isEnabled: boolean) =>
  api.request({ method: 'POST', path: ['principals', name, isEnabled ? 'enable' : 'disable'] })

export const rotateKey = async (api: Api, name: string): Promise<CreatedKey> =>
  (await (await api.request({ method: 'POST', path: ['principals', name, 'rotate-key'] })).json()) as CreatedKey

export const deletePrincipal = (api: Api, name: string) => api.request({ method: 'DELETE', path: ['principals', name] })

/** Attaches and detaches until the principal has these. */
export async function setPolicies(
  api: Api,
  { principalName, policies }: PrincipalSummary,
  wanted: readonly string[],
): Promise<void> {
  const attached = policies.map(({ policyName }) => policyName)
  const requests = [
    ...wanted.filter((name) => !attached.includes(name)).map((name) => ({ method: 'PUT', name }) as const),
    ...attached.filter((name) => !wanted.includes(name)).map((name) => ({ method: 'DELETE', name }) as const),
  ]
  for (const { method, name } of requests) {
    await api.request({ method, path: ['principals', principalName, 'policies', name] })
  }
}

export const putPolicy = (api: Api, name: string, document: string) =>
  api.request({ method: 'PUT', path: ['policies', name], body: encoded(document) })

export const deletePolicy = (api: Api, name: string) => api.request({ method: 'DELETE', path: ['policies', name] })

const encoded = (text: string): Uint8Array => new TextEncoder().encode(text)
