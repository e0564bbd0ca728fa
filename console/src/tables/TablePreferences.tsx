/** The dialog in which a person chooses how a table looks. */
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import CollectionPreferences from '@cloudscape-design/components/collection-preferences'
import type { TableProps } from '@cloudscape-design/components/table'
import { defaultSettings, type TableSettingsState } from './table-settings.ts'

export interface TablePreferencesProps {
  readonly state: TableSettingsState
  readonly columns: readonly Pick<TableProps.ColumnDefinition<unknown>, 'id' | 'header' | 'isRowHeader'>[]
}

export function TablePreferences({ state: { settings, defaults, change }, columns }: TablePreferencesProps) {
  const { pageSizes } = defaults
  return (
    <CollectionPreferences
      title="Preferences"
      confirmLabel="Confirm"
      cancelLabel="Cancel"
      preferences={{
        pageSize: settings.pageSize,
        contentDisplay: settings.columns,
        contentDensity: settings.contentDensity,
        wrapLines: settings.wrapLines,
      }}
      onConfirm={({ detail: { pageSize, contentDisplay, contentDensity, wrapLines } }) =>
        change({
          ...(pageSize !== undefined && { pageSize }),
          ...(contentDisplay && {
            columns: contentDisplay.map(({ id, visible }) => ({ id, visible })),
          }),
          ...(contentDensity && { contentDensity }),
          wrapLines: wrapLines === true,
        })
      }
      {...(pageSizes.length > 1 && {
        pageSizePreference: {
          title: 'Rows of a page',
          options: pageSizes.map((value) => ({ value, label: `${value} rows` })),
        },
      })}
      wrapLinesPreference={{ label: 'Wrap lines', description: 'Shows long values whole, in several lines.' }}
      contentDensityPreference={{ label: 'Compact', description: 'Shows more rows in less space.' }}
      contentDisplayPreference={{
        title: 'Columns',
        description: 'Choose the columns and their order.',
        options: columns.map(({ id, header, isRowHeader }) => ({
          id: id!,
          label: String(header),
          ...(isRowHeader && { alwaysVisible: true }),
        })),
      }}
      contentBefore={
        <Box color="text-body-secondary">
          This browser keeps them for this table.{' '}
          <Button variant="inline-link" onClick={() => change(defaultSettings(defaults))}>
            Reset, and forget the widths
          </Button>
        </Box>
      }
    />
  )
}
