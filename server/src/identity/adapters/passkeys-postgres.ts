import { idOf, uuidOf } from '@vallum/contract';
import { Fault } from '../../kernel/index.ts';
import { type Doors, type Row, sql, sqlState } from '../../platform/postgres/index.ts';
import type { Passkey, PasskeyStore, UserOf } from '../accounts/ports.ts';
import { only } from './rows.ts';
import { ofOrganization, timeOf } from './sessions-postgres.ts';

const uniqueViolation = '23505';

/** Passkeys in PostgreSQL, in the scope of their users' organization. */
export const postgresPasskeys = ({ withTenant }: Pick<Doors, 'withTenant'>): PasskeyStore => ({
  async list(of) {
    const [rows = []] = await withTenant(ofOrganization(of.organization), [
      sql`SELECT ${columns} FROM passkeys p WHERE ${ofUser(of)} ORDER BY id DESC LIMIT 200`,
    ]);
    return rows.map(passkeyOf);
  },
  async byCredential(organization, credentialId) {
    const [rows = []] = await withTenant(ofOrganization(organization), [
      sql`SELECT ${columns} FROM passkeys p JOIN users u ON u.organization_id = p.organization_id AND u.id = p.user_id
           WHERE p.organization_id = app_organization() AND p.credential_id = ${credentialId} AND u.disabled_at IS NULL`,
    ]);
    return rows[0] && passkeyOf(rows[0]);
  },
  async add(of, { id, credentialId, publicKey, signCount, name }) {
    try {
      const [rows = []] = await withTenant(ofOrganization(of.organization), [
        sql`INSERT INTO passkeys AS p (id, organization_id, user_id, credential_id, public_key, sign_count, name)
            VALUES (${uuidOf(id)}, app_organization(), ${uuidOf(of.user)}, ${credentialId}, ${publicKey}, ${signCount}, ${name}) RETURNING ${columns}`,
      ]);
      return passkeyOf(only(rows));
    } catch (error) {
      if (sqlState(error) !== uniqueViolation) throw error;
      throw new Fault('conflict', { detail: 'This passkey is registered already.' });
    }
  },
  async remove(of, id) {
    const [rows = []] = await withTenant(ofOrganization(of.organization), [
      sql`DELETE FROM passkeys p WHERE ${ofUser(of)} AND id = ${uuidOf(id)} RETURNING id`,
    ]);
    return rows.length > 0;
  },
  async used(of, id, signCount, nowMs) {
    const [rows = []] = await withTenant(ofOrganization(of.organization), [
      // WebAuthn Level 3, 6.1.1: 0 on both sides is an authenticator that does not count.
      sql`UPDATE passkeys p SET sign_count = ${signCount}, last_used_at = ${timeOf(nowMs)} WHERE ${ofUser(of)} AND id = ${uuidOf(id)}
             AND (sign_count < ${signCount} OR (sign_count = 0 AND ${signCount} = 0)) RETURNING id`,
    ]);
    return rows.length > 0;
  },
  async spend(organization, { nonce, expiresAtMs }, nowMs) {
    const [, rows = []] = await withTenant(ofOrganization(organization), [
      sql`DELETE FROM spent_challenges WHERE organization_id = app_organization() AND expires_at < ${timeOf(nowMs)}::timestamptz`,
      sql`INSERT INTO spent_challenges (organization_id, nonce, expires_at) VALUES (app_organization(), ${nonce}, ${timeOf(expiresAtMs)})
          ON CONFLICT DO NOTHING RETURNING nonce`,
    ]);
    return rows.length > 0;
  },
});

const columns = sql`p.id, p.user_id, p.credential_id, p.public_key, p.sign_count, p.name, p.created_at, p.last_used_at`;
const ofUser = ({ user }: UserOf) =>
  sql`p.organization_id = app_organization() AND p.user_id = ${uuidOf(user)}`;

const passkeyOf = (row: Row): Passkey => ({
  id: idOf('passkey', row.id as string),
  user: idOf('user', row.user_id as string),
  credentialId: row.credential_id as Buffer,
  publicKey: row.public_key as Buffer,
  signCount: row.sign_count as number,
  name: row.name as string,
  createdAt: row.created_at as string,
  lastUsedAt: (row.last_used_at as string | null) ?? undefined,
});
