import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Migration {
  readonly number: number;
  /** The file's name. */
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the file, hex. */
  readonly checksum: string;
}

const nameShape = /^(\d{4})_[a-z0-9_]+\.sql$/;

/**
 * The migrations of a folder, in order.
 * @throws Error when a file is named otherwise than `NNNN_name.sql`, or when the numbers are not 1, 2, 3, …
 */
export function readMigrations(folder: string): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return names.map((name, index) => {
    const [, digits] = nameShape.exec(name) ?? [];
    if (digits === undefined)
      throw new Error(`${path.join(folder, name)}: a migration is named like 0001_tenants.sql`);
    const number = Number(digits);
    if (number !== index + 1)
      throw new Error(
        `${folder}: ${name} comes where number ${index + 1} was expected: migrations are numbered without gaps or repeats`,
      );
    const text = readFileSync(path.join(folder, name), 'utf8');
    return { number, name, text, checksum: hash('sha256', text, 'hex') };
  });
}
