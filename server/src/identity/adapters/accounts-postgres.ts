import { idOf, type OrganizationId, type UserId, uuidOf } from '@vallum/contract';
import { Fault } from '../../kernel/index.ts';
import { type Doors, type Row, sql, sqlState } from '../../platform/postgres/index.ts';
import { windowOf } from '../accounts/lockout.ts';
import type { AccountStore, Secrets, User, UserOf } from '../accounts/ports.ts';
import { ownerFault } from './roles-postgres.ts';
import { epochMoves, last, only } from './rows.ts';
import { ofOrganization, timeOf } from './sessions-postgres.ts';

const uniqueViolation = '23505';
/** Windows that are kept after they are over, in windows. */
const windowsKept = 2;

/** Users in PostgreSQL, in the scope of their organization. */
export function postgresAccounts({ withTenant }: Pick<Doors, 'withTenant'>): AccountStore {
  const within = (organization: OrganizationId) => ofOrganization(organization);

  /** One statement that changes or reads one user. */
  async function one(
    { organization, user }: UserOf,
    statement: (isUser: ReturnType<typeof sql>) => ReturnType<typeof sql>,
  ) {
    const [rows = []] = await withTenant(within(organization), [statement(isUser(user))]);
    return rows[0];
  }

  return {
    async page(organization, limit, before) {
      const [rows = []] = await withTenant(within(organization), [
        sql`SELECT ${columns} FROM users u WHERE organization_id = app_organization()
               AND id < ${before ? uuidOf(before) : last} ORDER BY id DESC LIMIT ${limit}`,
      ]);
      return rows.map(userOf);
    },
    async user(of) {
      const row = await one(of, (it) => sql`SELECT ${columns} FROM users u WHERE ${it}`);
      return row && userOf(row);
    },
    async organizationName(organization) {
      const [rows = []] = await withTenant(within(organization), [
        sql`SELECT name FROM organizations WHERE id = app_organization()`,
      ]);
      return rows[0]?.name as string | undefined;
    },
    async hasEmail(organization, email) {
      const [rows = []] = await withTenant(within(organization), [
        sql`SELECT id FROM users WHERE organization_id = app_organization() AND email = ${email}`,
      ]);
      return rows.length > 0;
    },
    async create({ organization, user }, { email, name, password, oneTimeUntilMs }) {
      try {
        const [rows = []] = await withTenant(within(organization), [
          sql`INSERT INTO users AS u (id, organization_id, email, name, password, one_time_until)
              VALUES (${uuidOf(user)}, app_organization(), ${email}, ${name}, ${password}, ${timeOf(oneTimeUntilMs)}) RETURNING ${columns}`,
        ]);
        return userOf(only(rows));
      } catch (error) {
        if (sqlState(error) !== uniqueViolation) throw error;
        throw emailTaken();
      }
    },
    async rename(of, name) {
      const row = await one(
        of,
        (it) => sql`UPDATE users u SET name = ${name} WHERE ${it} RETURNING ${columns}`,
      );
      return row && userOf(row);
    },
    async setDisabled({ organization, user }, disabled, nowMs) {
      const now = timeOf(nowMs);
      try {
        const [rows = []] = await withTenant(within(organization), [
          disabled
            ? sql`UPDATE users u SET disabled_at = coalesce(disabled_at, ${now}::timestamptz) WHERE ${isUser(user)} RETURNING ${columns}`
            : sql`UPDATE users u SET disabled_at = NULL WHERE ${isUser(user)} RETURNING ${columns}`,
          ...(disabled ? [endSessions(user, now)] : []),
          epochMoves,
        ]);
        return rows[0] && userOf(rows[0]);
      } catch (error) {
        throw ownerFault(error);
      }
    },
    async setPassword(
      { organization, user },
      { password, nowMs, oneTimeUntilMs, forgetSecondFactors, except },
    ) {
      const now = timeOf(nowMs);
      const until = oneTimeUntilMs === undefined ? null : timeOf(oneTimeUntilMs);
      await withTenant(within(organization), [
        sql`UPDATE users u SET password = ${password}, password_changed_at = ${now}, one_time_until = ${until}, failures = 0, locked_until = NULL
             WHERE ${isUser(user)}`,
        ...(forgetSecondFactors
          ? [...withoutTotp(user), sql`DELETE FROM passkeys u WHERE ${ofUser(user)}`]
          : []),
        endSessions(user, now, except && uuidOf(except)),
        epochMoves,
      ]);
    },

    async attempt({ organization, who, network, nowMs }, limits) {
      const began = timeOf(windowOf(nowMs, limits));
      const now = timeOf(nowMs);
      const { ofNetwork, ofNetworkInSpray, spray, free, firstLockMs, longestLockMs } = limits;
      const here = sql`organization_id = app_organization() AND began_at = ${began}::timestamptz`;
      const allowed = sql`(SELECT attempts FROM sign_in_attempts WHERE ${here} AND network = ${network})
        <= (SELECT CASE WHEN sum(attempts) > ${spray} THEN ${ofNetworkInSpray}::int ELSE ${ofNetwork}::int END FROM sign_in_attempts WHERE ${here})`;
      const [, , allowance = [], rows = []] = await withTenant(within(organization), [
        sql`DELETE FROM sign_in_attempts WHERE organization_id = app_organization()
               AND began_at < ${timeOf(windowOf(nowMs, limits) - windowsKept * limits.windowMs)}::timestamptz`,
        // Bounded, so that one network alone cannot make it look as if many were trying.
        sql`INSERT INTO sign_in_attempts AS a (organization_id, began_at, network)
            SELECT id, ${began}, ${network} FROM organizations WHERE id = app_organization()
            ON CONFLICT (organization_id, began_at, network) DO UPDATE SET attempts = least(a.attempts + 1, ${ofNetwork + 1}::int)`,
        sql`SELECT ${allowed} AS allowed`,
        sql`UPDATE users u SET failures = failures + 1,
                   locked_until = CASE WHEN failures >= ${free}
                     THEN ${now}::timestamptz + least(${firstLockMs}::float8 * power(2, least(failures - ${free}::int, 30)), ${longestLockMs}::float8) * interval '1 millisecond' END
             WHERE ${'email' in who ? sql`organization_id = app_organization() AND email = ${who.email}` : isUser(who.user)}
               AND disabled_at IS NULL AND (locked_until IS NULL OR locked_until <= ${now}::timestamptz) AND ${allowed}
            RETURNING id, password, one_time_until, CASE WHEN totp_confirmed_at IS NOT NULL THEN totp END AS totp, failures, locked_until`,
      ]);
      if (allowance[0]?.allowed === false) return 'too-many';
      return rows[0] ? secretsOf(rows[0]) : 'nobody';
    },
    async takeBack({ organization, network, nowMs }, limits, user, forgetFailures) {
      await withTenant(within(organization), [
        sql`UPDATE sign_in_attempts SET attempts = greatest(attempts - 1, 0)
             WHERE organization_id = app_organization() AND began_at = ${timeOf(windowOf(nowMs, limits))}::timestamptz AND network = ${network}`,
        forgetFailures
          ? sql`UPDATE users u SET failures = 0, locked_until = NULL, last_sign_in_at = ${timeOf(nowMs)} WHERE ${isUser(user)}`
          : sql`UPDATE users u SET failures = greatest(failures - 1, 0), locked_until = NULL WHERE ${isUser(user)}`,
      ]);
    },
    async useTotpStep(of, step) {
      const row = await one(
        of,
        (it) => sql`UPDATE users u SET totp_step = ${step} WHERE ${it} AND totp_confirmed_at IS NOT NULL
                       AND (totp_step IS NULL OR totp_step < ${step}) RETURNING id`,
      );
      return row !== undefined;
    },
    async useRecoveryCode({ organization, user }, hash) {
      const [rows = []] = await withTenant(within(organization), [
        sql`DELETE FROM recovery_codes u WHERE ${ofUser(user)} AND hash = ${hash} RETURNING user_id`,
      ]);
      return rows.length > 0;
    },
    async home({ organization, user }) {
      const [rows = []] = await withTenant(within(organization), [
        sql`SELECT id, has_role FROM (
              SELECT t.id, t.environment, EXISTS (
                       SELECT FROM role_assignments a WHERE a.organization_id = app_organization() AND a.principal_type = 'user'
                          AND a.principal_id = ${uuidOf(user)} AND (a.tenant_id IS NULL OR a.tenant_id = t.id)) AS has_role
                FROM tenants t WHERE t.organization_id = app_organization()) t
             ORDER BY NOT has_role, environment <> 'production', id LIMIT 1`,
      ]);
      return (
        rows[0] && { tenant: idOf('tenant', rows[0].id as string), hasRole: rows[0].has_role as boolean }
      );
    },

    async proposeTotp(of, sealed) {
      const row = await one(
        of,
        (it) =>
          sql`UPDATE users u SET totp = ${sealed}, totp_step = NULL WHERE ${it} AND totp_confirmed_at IS NULL RETURNING id`,
      );
      return row !== undefined;
    },
    async proposedTotp(of) {
      const row = await one(
        of,
        (it) => sql`SELECT totp FROM users u WHERE ${it} AND totp_confirmed_at IS NULL`,
      );
      return (row?.totp as Buffer | null | undefined) ?? undefined;
    },
    async confirmTotp({ organization, user }, step, nowMs, recoveryCodes) {
      const [rows = []] = await withTenant(within(organization), [
        sql`UPDATE users u SET totp_confirmed_at = ${timeOf(nowMs)}, totp_step = ${step}
             WHERE ${isUser(user)} AND totp IS NOT NULL AND totp_confirmed_at IS NULL RETURNING id`,
        sql`DELETE FROM recovery_codes u WHERE ${ofUser(user)}`,
        sql`INSERT INTO recovery_codes (organization_id, user_id, hash)
            SELECT app_organization(), ${uuidOf(user)}::uuid, hash FROM unnest(${[...recoveryCodes]}::bytea[]) AS hash`,
      ]);
      return rows.length > 0;
    },
    async removeTotp({ organization, user }) {
      await withTenant(within(organization), withoutTotp(user));
    },
  };
}

/** The address that was given has an account. */
const emailTaken = (): Fault =>
  new Fault('conflict', { detail: 'body.email: somebody has an account with this address.', param: 'email' });

const isUser = (user: UserId) => sql`u.organization_id = app_organization() AND u.id = ${uuidOf(user)}`;
const ofUser = (user: UserId) => sql`u.organization_id = app_organization() AND u.user_id = ${uuidOf(user)}`;

const withoutTotp = (user: UserId) => [
  sql`UPDATE users u SET totp = NULL, totp_confirmed_at = NULL, totp_step = NULL WHERE ${isUser(user)}`,
  sql`DELETE FROM recovery_codes u WHERE ${ofUser(user)}`,
];

const endSessions = (user: UserId, now: string, except?: string) =>
  sql`UPDATE sessions u SET revoked_at = ${now} WHERE ${ofUser(user)} AND revoked_at IS NULL AND id IS DISTINCT FROM ${except ?? null}::uuid`;

const columns = sql`u.id, u.email, u.name, u.created_at, u.last_sign_in_at, u.disabled_at, u.locked_until, u.one_time_until,
  u.totp_confirmed_at, u.issuer,
  (SELECT count(*)::int FROM passkeys p WHERE p.organization_id = u.organization_id AND p.user_id = u.id) AS passkeys`;

const msOf = (value: unknown): number | undefined =>
  value === null ? undefined : Date.parse(value as string);
const textOf = (value: unknown): string | undefined => (value as string | null) ?? undefined;

const userOf = (row: Row): User => ({
  id: idOf('user', row.id as string),
  email: row.email as string,
  name: row.name as string,
  createdAt: row.created_at as string,
  lastSignInAt: textOf(row.last_sign_in_at),
  disabledAt: textOf(row.disabled_at),
  lockedUntilMs: msOf(row.locked_until),
  mustChangePassword: row.one_time_until !== null,
  totp: row.totp_confirmed_at !== null,
  passkeys: row.passkeys as number,
  issuer: textOf(row.issuer),
});

const secretsOf = (row: Row): Secrets => ({
  user: idOf('user', row.id as string),
  password: textOf(row.password),
  oneTimeUntilMs: msOf(row.one_time_until),
  totp: (row.totp as Buffer | null) ?? undefined,
  failures: row.failures as number,
  lockedUntilMs: msOf(row.locked_until),
});
