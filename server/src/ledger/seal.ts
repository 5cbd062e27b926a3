import { type Ending, goesOn, type TenantId } from '@vallum/contract';
import {
  type Clock,
  type Exchange,
  Fault,
  type FaultCode,
  faultCatalog,
  faultOf,
  type LedgerAppend,
  type Outlet,
  type ReplyHead,
  type Standing,
  type Step,
} from '../kernel/index.ts';
import { intentOf, outcomeOf, refusalOf } from './exchange-entry.ts';
import type { Tally } from './tally.ts';

/** Refusals that a caller may cause as often as it likes, and that cost nothing. */
const counted: ReadonlySet<FaultCode> = new Set(['rate-limited', 'address-refused']);

/** Bytes that may wait for the outcome of a stream: its finish, usage and end. */
const heldBytes = 1024 * 1024;

interface SealParts {
  readonly ledger: LedgerAppend;
  readonly tally: Tally;
  readonly clock: Clock;
  /** Whether who was let in may still have the answer. */
  readonly standing: Standing;
  /** Whose entries those of callers without a tenant are. */
  readonly platform: TenantId;
  readonly onTrouble: (error: unknown) => void;
}

/** What the ledger does on the request path (ADR 5): no record, no answer. */
export function createSealing({ ledger, tally, clock, standing, platform, onTrouble }: SealParts) {
  /** The input has been judged: its entry goes its way while the model works. */
  const intend: Step = {
    name: 'ledger.intend',
    run(x) {
      if (x.route.seals !== 'each') return;
      // A body may have taken its time: what its caller may not any more is not begun.
      return standing.holds(x) ? appendIntent(x) : standing.renew(x).then(() => appendIntent(x));
    },
  };

  function appendIntent(x: Exchange): void {
    x.intent = ledger.append(intentOf(x));
    // Awaited where it matters; here only so that a rejection before that is not unhandled.
    x.intent.catch(() => {});
  }

  /** A refusal before there was an intent. Resolves when it may be shown. */
  async function refuse(x: Exchange, fault: Fault): Promise<void> {
    if (!x.caller || counted.has(fault.code)) {
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
    return x.caller ? confirm(x, next) : next;
  }

  /** A reply without entries of its own: what its caller may not have any more does not leave. */
  function confirm(x: Exchange, next: Outlet): Outlet {
    let over = false;
    const fail = (error: unknown): void => {
      if (over) return;
      over = true;
      x.abort();
      next.fail(error);
    };
    const end = (): void => {
      if (over) return;
      over = true;
      next.end();
    };
    x.revoke = fail;
    return {
      head(head) {
        next.head(head);
        // What is complete at once waits for its end; a stream goes on, and is ended.
        if (head.streaming && !standing.holds(x)) standing.renew(x).catch(fail);
      },
      frame: (bytes, finish) => !over && next.frame(bytes, finish),
      end() {
        if (standing.holds(x)) end();
        else standing.renew(x).then(end, fail);
      },
      fail,
    };
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
    /** The answer is complete and on its way into the log, and has not left yet. */
    let completing = false;
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
      failAs('failed', fault, error);
    }

    function failAs(ended: Ending, fault: Fault, error: unknown): void {
      const sealed = appendOutcome(ended, fault);
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

    /** Goes on where the caller stands; asks anew where that is not certain any more, and the commit that was waited for may have said so. */
    function ifStanding(act: () => void): void {
      if (standing.holds(x)) act();
      else standing.renew(x).then(act, revoke);
    }

    /** The caller may not have the answer any more, or nobody can say. */
    function revoke(fault: Fault): void {
      if (completing) {
        // That it was ready is on record, and stays; it is withheld.
        completing = false;
        next.fail(fault);
        return;
      }
      if (decided) return;
      if (goesOn(x.decision)) x.judge('block', { by: 'path', code: fault.code });
      failAs(fault.code === 'unavailable' ? 'failed' : 'aborted', fault, fault);
    }

    function begin(): void {
      if (decided || headSent) return;
      sendHead();
      if (!finishing) release();
      x.resume?.();
    }

    function complete(): void {
      if (decided) return;
      completing = true;
      const sealed = appendOutcome('complete');
      (x.ledgerIndex === undefined ? Promise.all([intent, sealed]) : sealed).then(
        () => ifStanding(finish),
        (because: unknown) => {
          onTrouble(because);
          if (!completing) return;
          completing = false;
          next.fail(because);
        },
      );
    }

    function finish(): void {
      if (!completing) return;
      completing = false;
      sendHead();
      release();
      next.end();
    }

    x.revoke = revoke;
    intent.then((index) => {
      x.ledgerIndex = index;
      if (!decided && head?.streaming) ifStanding(begin);
    }, refuseUnrecorded);

    x.whenAborted(() => {
      if (!decided) appendOutcome('aborted').catch(onTrouble);
    });

    return {
      head(given) {
        head = given;
        if (given.streaming && x.ledgerIndex !== undefined) ifStanding(begin);
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
        if (!decided) ifStanding(complete);
      },
      fail,
    };
  }

  return { intend, refuse, seal };
}

export type Sealing = ReturnType<typeof createSealing>;
