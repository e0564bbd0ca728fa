/** Why a server cannot start, as sentences for the operator. */
import type { Config } from '../server/config.ts'
import { OperatorError } from '../server/operator-error.ts'
import { OtherSchema } from '../stores/sql/schema/other-schema.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'

/** An OperatorError where the operator can fix it; otherwise what was thrown. */
export function explainedStart(cause: unknown, config: Pick<Config, 'host' | 'port'>): unknown {
  if (cause instanceof StoreUnavailable) {
    return new OperatorError(`Hilum cannot start: ${cause.message}. Run \`hilum doctor\` for details.`, { cause })
  }
  if (cause instanceof OtherSchema) return new OperatorError(`Hilum cannot start: ${cause.message}.`, { cause })
  const sentence = sentenceFor((cause as NodeJS.ErrnoException).code, config)
  return sentence === undefined ? cause : new OperatorError(sentence, { cause })
}

function sentenceFor(code: string | undefined, { host, port }: Pick<Config, 'host' | 'port'>): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is already in use. Stop the program that uses it, or choose another port with --port (0 takes any free one).`
    case 'EACCES':
      return `This user may not listen on port ${port}. Choose one above 1023 with --port.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `This machine has no address ${host.join(' or ')}. Choose another with --host.`
    default:
      return undefined
  }
}
