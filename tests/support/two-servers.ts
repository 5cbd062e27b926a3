import { type DatabaseProxy, startDatabaseProxy } from './database-proxy.ts';
import { createDeployment, type Deployment, type FirstSecrets, sweepDeployments } from './deployment.ts';
import { within } from './eventually.ts';
import type { LogLine } from './killable-server.ts';

/** Two processes on one database, as replicas are. */
export interface TwoServers {
  readonly servers: readonly [{ readonly url: string }, { readonly url: string }];
  readonly secrets: FirstSecrets;
  /** Through which the second one sees the database. */
  readonly proxy: DatabaseProxy;
  /** What both have written to their logs. */
  log(): readonly LogLine[];
  remove(): Promise<void>;
}

/** @param settings of both, as `vallum.yaml` holds them. */
export async function startTwoServers(settings: object): Promise<TwoServers> {
  await sweepDeployments();
  const deployments: Deployment[] = [];
  let proxy: DatabaseProxy | undefined;
  async function remove(): Promise<void> {
    // The database's keeper last.
    for (const each of [...deployments].reverse()) await each.remove();
    await proxy?.close();
  }
  try {
    const first = createDeployment({ settings });
    deployments.push(first);
    const firstUrl = await within('the first start', first.launch().ready);
    proxy = await startDatabaseProxy(first.databaseSocket());
    const second = createDeployment({
      settings: { ...settings, keys: { keyfile_with_outside_database: true } },
      environment: { VALLUM_DATABASE_URL: first.databaseUrl(proxy.host), VALLUM_KEYS: first.keys },
    });
    deployments.push(second);
    const secondUrl = await within('the second start', second.launch().ready);
    return {
      servers: [{ url: firstUrl }, { url: secondUrl }],
      secrets: first.secrets(),
      proxy,
      log: () => deployments.flatMap((each) => each.server().log),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
