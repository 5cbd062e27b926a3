import { type Ending, goesOn, type TenantId } from '@vallum/contract';
import {
  type Clock,
  type Exchange,
  Fault,
  faultCatalog,
  faultOf,
  type LedgerAppend,
  type Outlet,
  type ReplyHead,
  type Step,
} from '../kernel/index.ts';
import { intentOf, outcomeOf, refusalOf } from './exchange-entry.ts';
import type { Tally } from './tally.ts';

/** Bytes that may wait for the outcome of a stream: its finish, usage and end. */
const heldBytes = 1024 * 1024;

interface SealParts {
  readonly ledger: LedgerAppend;
  readonly tally: Tally;
  readonly clock: Clock;
  /** Whose entries those of callers without a tenant are. */
  readonly platform: TenantId;
  readonly onTrouble: (error: unknown) => void;
}

/** What the ledger does on the request path (ADR 5): no record, no answer. */
export function createSealing({ ledger, tally, clock, platform, onTrouble }: SealParts) {
  /** The input has been judged: its entry goes its way while the model works. */
  const intend: Step = {
    name: 'ledger.intend',
    run(x) {
      if (x.route.seals !== 'each') return;
      x.intent = ledger.append(intentOf(x));
      // Awaited where it matters; here only so that a rejection before that is not unhandled.
      x.intent.catch(() => {});
    },
  };

  /** A refusal before there was an intent. Resolves when it may be shown. */
  async function refuse(x: Exchange, fault: Fault): Promise<void> {
    if (!x.caller || fault.code === 'rate-limited') {
      tally.count(x.caller?.tenant ?? platform, fault.code);
      return;
    }
    x.ledgerIndex = await ledger.append(refusalOf(x, fault.code, faultCatalog[fault.code].status));
  }

  /** Holds what may not leave yet. */
  function seal(x: Exchange, next: Outlet): Outlet {
    if (x.route.seals === 'each') return sealEach(x, next);
    if (x.route.seals === 'aggregate')
      x.whenOver(() => tally.count(x.caller?.tenant ?? platform, `${x.route.action} ${x.decision}`));
    return next;
  }

  function sealEach(x: Exchange, next: Outlet): Outlet {
    const intent =
      x.intent ?? Promise.reject(new Fault('internal', { because: 'a reply without an intent' }));
    let head: ReplyHead | undefined;
    let headSent = false;
    /** The answer has come to its end in its API's words; what follows waits for the outcome. */
    let finishing = false;
    /** Whether the outcome is decided; it is appended once. */
    let decided = false;
    let held: { bytes: Uint8Array; finish: boolean }[] = [];
    let heldSize = 0;

    const appendOutcome = (ended: Ending, fault?: Fault): Promise<number> => {
      decided = true;
      const status = fault ? faultCatalog[fault.code].status : head?.status;
      return ledger.append(outcomeOf(x, clock.now(), ended, status, fault?.code));
    };

    function sendHead(): void {
      if (headSent || !head) return;
      headSent = true;
      next.head(head);
    }

    function release(): void {
      for (const { bytes, finish } of held) next.frame(bytes, finish);
      held = [];
      heldSize = 0;
    }

    function fail(error: unknown): void {
      if (decided) return;
      const fault = faultOf(error);
      if (goesOn(x.decision)) x.judge('block', { by: 'path', code: fault.code });
      const sealed = appendOutcome('failed', fault);
      x.abort();
      sealed.then(
        () => next.fail(error),
        (because: unknown) => {
          onTrouble(because);
          // An error that is not on record is not shown: the ledger's own is.
          next.fail(because);
        },
      );
    }

    /** The intent is not in the log, so the outcome will not be either before the caller has waited enough. Both are, later. */
    function refuseUnrecorded(because: unknown): void {
      if (decided) return;
      if (goesOn(x.decision)) x.judge('block', { by: 'path', code: faultOf(because).code });
      appendOutcome('failed', faultOf(because)).catch(onTrouble);
      x.abort();
      next.fail(because);
    }

    intent.then((index) => {
      x.ledgerIndex = index;
      if (decided || !head?.streaming) return;
      sendHead();
      if (!finishing) release();
      x.resume?.();
    }, refuseUnrecorded);

    x.whenAborted(() => {
      if (!decided) appendOutcome('aborted').catch(onTrouble);
    });

    return {
      head(given) {
        head = given;
        if (given.streaming && x.ledgerIndex !== undefined) sendHead();
      },
      frame(bytes, finish) {
        if (decided) return false;
        finishing ||= finish;
        if (headSent && !finishing) return next.frame(bytes, finish);
        held.push({ bytes, finish });
        heldSize += bytes.length;
        if (head?.streaming && heldSize > heldBytes) {
          fail(new Fault('upstream-failed', { because: 'too much after the finish of a stream' }));
        }
        // Before the intent is durable a stream pauses; after its finish there is little left to come.
        return finishing;
      },
      end() {
        if (decided) return;
        const sealed = appendOutcome('complete');
        (x.ledgerIndex === undefined ? Promise.all([intent, sealed]) : sealed).then(
          () => {
            sendHead();
            release();
            next.end();
          },
          (because: unknown) => {
            onTrouble(because);
            next.fail(because);
          },
        );
      },
      fail,
    };
  }

  return { intend, refuse, seal };
}

export type Sealing = ReturnType<typeof createSealing>;
