import type { X509Certificate } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { Log } from '../../kernel/index.ts';
import type { ProxySettings, TlsSettings } from '../settings.ts';
import { readAuthorities, readKeyPair } from './certificate-files.ts';
import { secureContextOptions } from './secure-context.ts';
import { watchFiles } from './watch-files.ts';

const everyMs = 1_000;

/** What is in the files of certificates, as it was when they last made sense. */
export interface TlsMaterial {
  readonly settings: TlsSettings | undefined;
  /** For the listener, where it speaks TLS. */
  context(): SecureContextOptions | undefined;
  /** Who stands above the certificates of clients, whether they come by TLS or in a proxy's header. */
  authorities(): readonly X509Certificate[];
  /** Told when there is something new. */
  onNew(act: () => void): void;
  /** Reads the files again, as they are now. */
  reload(): void;
  start(): void;
  stop(): void;
}

interface Read {
  readonly context: SecureContextOptions | undefined;
  readonly authorities: readonly X509Certificate[];
}

/** @throws Fault `internal` that says which file is wrong: without what is configured nothing starts */
export function createTlsMaterial(
  tls: TlsSettings | undefined,
  { client_ca: clientCa }: Pick<ProxySettings, 'client_ca'>,
  log: Log,
): TlsMaterial {
  const files = [tls?.cert, tls?.key, tls?.ca, clientCa].filter((each) => each !== undefined);

  function read(): Read {
    const ofTls = tls?.ca === undefined ? [] : readAuthorities(tls.ca);
    const ofProxies = clientCa === undefined ? [] : readAuthorities(clientCa);
    const authorities = ofTls.map(String);
    return {
      context: tls && secureContextOptions(tls, readKeyPair(tls), authorities),
      authorities: [...ofTls, ...ofProxies],
    };
  }

  let last = read();
  let tell = (): void => {};

  function reload(): void {
    if (files.length === 0) return;
    try {
      last = read();
      tell();
      log.info('the certificates were read again');
    } catch (error) {
      log.error('the certificates were read again and are not usable: the ones before stay in use', {
        error,
      });
    }
  }

  const watch = watchFiles(files, everyMs, reload);
  return {
    settings: tls,
    context: () => last.context,
    authorities: () => last.authorities,
    onNew(act) {
      tell = act;
    },
    reload,
    start() {
      if (files.length > 0) watch.start();
    },
    stop: watch.stop,
  };
}
