/** One setting, and what several of them accept. */
import { z } from 'zod'

export interface Setting {
  /** The key in the configuration file; a dot separates nested keys. */
  readonly key: string
  /** Secrets have no flag: every user of a machine can read its command lines. */
  readonly flag?: string
  readonly variable?: string
  /** How text is parsed. A list is a repeated flag, or a variable with commas. A document is JSON: its schema says what is wrong in it. */
  readonly kind: 'text' | 'number' | 'boolean' | 'list' | 'document'
  readonly schema: z.ZodType
  /** Completes "must be ...". */
  readonly expects: string
  /** Names the value in the help text. */
  readonly placeholder?: string
  readonly help: string
  readonly isSecret?: true
}

export const notEmpty = z.string().trim().min(1)
export const httpUrl = z.url({ protocol: /^https?$/ })
