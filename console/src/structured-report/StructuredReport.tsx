/** A structured report as readable text. */
import './structured-report.css'
import { useMemo } from 'react'
import type { Attributes } from '../metadata/document.ts'
import { textOf } from '../viewer/stack/values.ts'
import { type ReportItem, reportOfInstance } from './report-items.ts'

export function StructuredReport({ report }: { readonly report: Attributes }) {
  const { concept, items } = useMemo(() => reportOfInstance(report), [report])
  const flags = [textOf(report.CompletionFlag), textOf(report.VerificationFlag)].filter(Boolean)
  return (
    <article className="structured-report">
      <h2>{concept || 'Structured report'}</h2>
      {flags.length > 0 && <p>{flags.map((flag) => flag.charAt(0) + flag.slice(1).toLowerCase()).join(', ')}</p>}
      <Items items={items} />
    </article>
  )
}

function Items({ items }: { readonly items: readonly ReportItem[] }) {
  return (
    <ul>
      {items.map(({ concept, value, items: inner }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a report doesn't change.
        <li key={index}>
          {concept !== '' && <strong>{concept}</strong>}
          {concept !== '' && value !== '' && ': '}
          {value}
          {inner.length > 0 && <Items items={inner} />}
        </li>
      ))}
    </ul>
  )
}
