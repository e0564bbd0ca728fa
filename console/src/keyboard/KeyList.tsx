/** Keys and what they do. */
import './key-list.css'
import type { KeyDescription } from './shortcuts.ts'

export function KeyList({ keys, id }: { readonly keys: readonly KeyDescription[]; readonly id?: string }) {
  return (
    <dl className="key-list" id={id}>
      {keys.map(({ label, effect }) => (
        <div key={label}>
          <dt>
            <kbd>{label}</kbd>
          </dt>
          <dd>{effect}</dd>
        </div>
      ))}
    </dl>
  )
}
