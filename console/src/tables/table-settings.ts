/**
 * How a person wants a table to look: columns and their order and widths, page size, density and wrapping. Local storage keeps it for each
 * table, without any value of a row.
 */
import { useState } from 'react'
import { isObject, readStored, writeStored } from './stored-json.ts'

export interface ShownColumn {
  readonly id: string
  readonly visible: boolean
}

interface TableSettings {
  readonly columns: readonly ShownColumn[]
  /** In pixels, by column. */
  readonly widths: Readonly<Record<string, number>>
  readonly pageSize: number
  readonly contentDensity: 'comfortable' | 'compact'
  readonly wrapLines: boolean
}

export interface TableDefaults {
  /** Names the table in local storage. */
  readonly table: string
  /** In their order. */
  readonly columns: readonly ShownColumn[]
  readonly pageSizes: readonly number[]
  /** One of them. */
  readonly pageSize: number
}

export interface TableSettingsState {
  readonly settings: TableSettings
  readonly defaults: TableDefaults
  change(changes: Partial<TableSettings>): void
}

/** @param defaults the same object at each call */
export function useTableSettings(defaults: TableDefaults): TableSettingsState {
  const [settings, setSettings] = useState(() => readSettings(defaults))
  return {
    settings,
    defaults,
    change(changes) {
      const next = { ...settings, ...changes }
      writeStored(storageKey(defaults), next)
      setSettings(next)
    },
  }
}

export const defaultSettings = ({ columns, pageSize }: TableDefaults): TableSettings => ({
  ...{ columns, widths: {}, pageSize },
  ...{ contentDensity: 'comfortable', wrapLines: false },
})

const storageKey = ({ table }: TableDefaults): string => `hilum.table.${table}`

const readSettings = (defaults: TableDefaults): TableSettings =>
  readStored(storageKey(defaults), (value) => parseSettings(value, defaults)) ?? defaultSettings(defaults)

/** Columns that the table no longer has are left out, and new ones are added with their default. */
export function parseSettings(value: unknown, defaults: TableDefaults): TableSettings | undefined {
  if (!isObject(value)) return undefined
  const { columns, widths, pageSize, contentDensity, wrapLines } = value
  const known = new Map(defaults.columns.map((column) => [column.id, column]))
  const kept = (Array.isArray(columns) ? columns : [])
    .filter(isObject)
    .filter(({ id }, at, all) => known.has(String(id)) && all.findIndex((other) => other.id === id) === at)
    .map(({ id, visible }): ShownColumn => ({ id: String(id), visible: visible !== false }))
  const added = defaults.columns.filter(({ id }) => !kept.some((column) => column.id === id))
  return {
    columns: [...kept, ...added],
    widths: Object.fromEntries(
      Object.entries(isObject(widths) ? widths : {}).filter(
        (entry): entry is [string, number] => known.has(entry[0]) && Number.isFinite(entry[1]),
      ),
    ),
    pageSize: defaults.pageSizes.find((size) => size === pageSize) ?? defaults.pageSize,
    contentDensity: contentDensity === 'compact' ? 'compact' : 'comfortable',
    wrapLines: wrapLines === true,
  }
}
