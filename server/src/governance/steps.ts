import { goesOn } from '@vallum/contract';
import {
  type Clock,
  type Exchange,
  Fault,
  type Outlet,
  type Quota,
  type ReplyHead,
  type Stage,
  type Step,
} from '../kernel/index.ts';
import type { Guards, Verdict as GuardVerdict, Window } from './guards/index.ts';
import type { Policies } from './policies.ts';
import { refusalBy } from './refusal.ts';
import { inspectStream } from './stream-inspection.ts';

const outputStep = 'governance.inspectOutput';

interface GovernanceParts {
  readonly policies: Policies;
  readonly quota: Quota;
  readonly guards: Guards;
  readonly openWindow: () => Window;
  readonly clock: Clock;
}

/** Governance on the request path: may it, how much of it, and is what it says safe. */
export function createGovernance({ policies, quota, guards, openWindow, clock }: GovernanceParts) {
  function take(x: Exchange, { decision, reasons }: GuardVerdict): void {
    if (decision !== 'allow' || reasons.length > 0) x.judge(decision, ...reasons);
  }

  const authorize: Step = {
    name: 'governance.authorize',
    run(x) {
      if (x.route.action === 'open') return;
      x.resource = x.route.resource?.(x) ?? x.route.path;
      const { allowed, reasons } = policies.decide(x.who, x.route.action, x.resource, x.route.belongsTo?.(x));
      if (allowed) return;
      x.judge('block', ...reasons);
      throw new Fault('policy-denied', { detail: `You may not ${x.route.action} here.` });
    },
  };

  const reserve: Step = {
    name: 'governance.reserve',
    run(x) {
      const tokens = x.route.holds?.(x);
      if (tokens === undefined) return undefined;
      const settleWith = (hold: Awaited<ReturnType<Quota['hold']>>): void =>
        x.whenOver(() => hold.settle(x.usage ? x.usage.inputTokens + x.usage.outputTokens : 0));
      const hold = quota.hold({ tenant: x.who.tenant, tokens });
      return hold instanceof Promise ? hold.then(settleWith) : settleWith(hold);
    },
  };

  const inspectInput: Step = {
    name: 'governance.inspectInput',
    run(x) {
      const { content } = x.route;
      if (!content) return;
      const apply = (verdict: GuardVerdict): void => {
        take(x, verdict);
        if (!goesOn(verdict.decision)) {
          throw refusalBy(verdict.reasons);
        }
        if (verdict.replacements.length === 0) return;
        x.body = content.replace(x.body, verdict.replacements);
        x.bytes = Buffer.from(JSON.stringify(x.body));
      };
      const verdict = guards.inspect(content.input(x.body));
      return verdict instanceof Promise ? verdict.then(apply) : apply(verdict);
    },
  };

  /** A complete reply is judged whole. */
  function inspectComplete(x: Exchange, next: Outlet): Outlet {
    const { content } = x.route;
    let head: ReplyHead | undefined;
    const parts: Uint8Array[] = [];

    async function judge(): Promise<void> {
      const bytes = Buffer.concat(parts);
      const began = clock.micros();
      const body: unknown = JSON.parse(bytes.toString());
      const inspecting = guards.inspect(content?.output(body) ?? []);
      const verdict = inspecting instanceof Promise ? await inspecting : inspecting;
      take(x, verdict);
      x.trace(outputStep, clock.micros() - began);
      if (!goesOn(verdict.decision)) throw refusalBy(verdict.reasons);
      const changed = verdict.replacements.length > 0 && content;
      if (head) next.head(head);
      next.frame(
        changed ? Buffer.from(JSON.stringify(content.replace(body, verdict.replacements))) : bytes,
        true,
      );
      next.end();
    }

    return {
      head(given) {
        head = given;
      },
      frame(bytes) {
        parts.push(bytes);
        return true;
      },
      end: () => void judge().catch((error: unknown) => next.fail(error)),
      fail: (error) => next.fail(error),
    };
  }

  /** Which of both a reply needs shows in its head. */
  const inspectOutput: Stage = (x, next) => {
    const { content } = x.route;
    if (!content) return next;
    let inner: Outlet | undefined;
    return {
      head(head) {
        inner = head.streaming ? stream(x, next) : inspectComplete(x, next);
        inner.head(head);
      },
      frame: (bytes, finish) => inner?.frame(bytes, finish) ?? false,
      end: () => inner?.end(),
      fail: (error) => (inner ?? next).fail(error),
    };
  };

  function stream(x: Exchange, next: Outlet): Outlet {
    const codec = x.route.content?.stream?.(x.body);
    if (!codec)
      throw new Fault('internal', { because: `${x.route.path} answers with a stream that nobody can read` });
    return inspectStream(x, next, {
      codec,
      openWindow,
      clock,
      onOver: (micros) => x.trace(outputStep, micros),
    });
  }

  return { authorize, reserve, inspectInput, inspectOutput };
}
