/** A table in Markdown; the first column is text, the others are figures. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  const rule = heads.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(heads), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

const escaped = (cell: string): string => cell.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A number with three figures that mean something; a dash where there is none. */
export function figure(value: number | undefined, unit = ''): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  const text = value.toFixed(Math.min(digits, 4));
  return `${Number(text) >= 10_000 ? Number(text).toLocaleString('en') : text}${unit}`;
}

/** One line of a budget: what was asked, what was measured, and whether it is met. */
export interface BudgetLine {
  readonly budget: string;
  readonly limit: string;
  readonly measured: string;
  /** Undefined when it was not measured. */
  readonly met: boolean | undefined;
}

export const budgetTable = (lines: readonly BudgetLine[]): string =>
  table(
    ['budget', 'limit', 'measured', ''],
    lines.map(({ budget, limit, measured, met }) => [
      budget,
      limit,
      measured,
      met === undefined ? 'not measured' : met ? 'met' : '**missed**',
    ]),
  );

/** A figure that must not pass a limit. */
export const atMost = (budget: string, value: number | undefined, limit: number, unit = ''): BudgetLine => ({
  budget,
  limit: `≤ ${limit}${unit}`,
  measured: figure(value, unit),
  met: value === undefined || Number.isNaN(value) ? undefined : value <= limit,
});

/** A figure that must reach a limit. */
export const atLeast = (budget: string, value: number | undefined, limit: number, unit = ''): BudgetLine => ({
  budget,
  limit: `≥ ${limit.toLocaleString('en')}${unit}`,
  measured: figure(value, unit),
  met: value === undefined || Number.isNaN(value) ? undefined : value >= limit,
});
