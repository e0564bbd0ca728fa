/** The structured reports of an image set as readable text. */
import './structured-report.css'
import { useMemo } from 'react'
import type { Attributes, MetadataDocument } from '../metadata/document.ts'
import { textOf } from '../viewer/stack/values.ts'
import { isReport, type ReportItem, reportOfInstance } from './report-items.ts'

export const reportsOf = ({ Study }: MetadataDocument): readonly Attributes[] =>
  Object.values(Study.Series)
    .flatMap((series) => Object.values(series.Instances))
    .map((instance) => instance.DICOM)
    .filter(isReport)

export function StructuredReports({ reports }: { readonly reports: readonly Attributes[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also with keys.
    <section className="structured-reports" aria-label="Structured reports" tabIndex={0}>
      {reports.map((report) => (
        <StructuredReport key={textOf(report.SOPInstanceUID)} report={report} />
      ))}
    </section>
  )
}

function StructuredReport({ report }: { readonly report: Attributes }) {
  const { concept, items } = useMemo(() => reportOfInstance(report), [report])
  const flags = [textOf(report.CompletionFlag), textOf(report.VerificationFlag)].filter(Boolean)
  return (
    <article>
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
