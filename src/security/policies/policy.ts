/** A policy document as data, and what it is asked (IAM User Guide, "IAM JSON policy elements reference"). */
import type { OperatorName } from './condition-operators.ts'

export interface Policy {
  readonly name: string
  readonly statements: readonly Statement[]
}

export interface Statement {
  /** From 1, as error messages count. */
  readonly number: number
  readonly sid: string | undefined
  readonly effect: 'Allow' | 'Deny'
  /** Patterns with `*` and `?`. */
  readonly actions: readonly string[]
  /** NotAction: every action that no pattern matches. */
  readonly isNotAction: boolean
  readonly resources: readonly string[]
  /** NotResource: every resource that no pattern matches. */
  readonly isNotResource: boolean
  /** All of them must hold. */
  readonly conditions: readonly Condition[]
}

export interface Condition {
  /** In lower case: names of condition keys are not case-sensitive. */
  readonly key: string
  readonly operator: OperatorName
  /** Which of the values of a request must match. Undefined for keys with one value. */
  readonly quantifier: 'ForAllValues' | 'ForAnyValue' | undefined
  /** The condition holds where the request has no such key. */
  readonly isIfExists: boolean
  /** One of them must match; for a negated operator, none. */
  readonly values: readonly string[]
}

export interface AccessRequest {
  /** `medical-imaging:GetDatastore` */
  readonly action: string
  /** An ARN, or `*` for an action without resources. `.../imageset/*` stands for image sets that are found later. */
  readonly resource: string
  readonly valuesOf: ConditionValues
}

/** The values of a condition key of the request, by its name in lower case; undefined where the request has none. */
export type ConditionValues = (key: string) => readonly string[] | undefined

export interface Decision {
  readonly outcome: 'allow' | 'explicit deny' | 'implicit deny'
  /** The statement that decided; undefined where none matched. */
  readonly by?: { readonly policy: string; readonly statement: number; readonly sid: string | undefined }
}
