import type { RequestPath, Stage, Step } from './kernel/index.ts';

/** What each room puts on the path; `compose.ts` fills it. */
export interface Rooms {
  readonly edge: { readonly screen: Step; readonly limit: Step; readonly read: Step };
  readonly identity: { readonly authenticate: Step };
  readonly governance: {
    readonly authorize: Step;
    readonly reserve: Step;
    readonly inspectInput: Step;
    readonly inspectOutput: Stage;
  };
  readonly ledger: { readonly intend: Step; readonly seal: Stage; readonly refuse: RequestPath['refuse'] };
}

/**
 * The life of a request. The order is the security argument: a step may rely only on those above it.
 * A step that throws, or passes its deadline, has denied; `refuse` puts that on record before it is shown.
 */
export const requestPath = ({ edge, identity, governance, ledger }: Rooms): RequestPath => ({
  admit: [
    edge.screen, //               who floods us is turned away before anything is read
    identity.authenticate, //     from here on there is a tenant
    edge.limit, //                per key
    edge.read, //                 the body, only now: size, JSON, the route's schema
    governance.authorize, //      Cedar says whether; nothing below asks again
    governance.reserve, //        quota is held, not spent
    governance.inspectInput, //   injection, secrets
    ledger.intend, //             the decision is on its way into the log while the model works
  ],
  // Between the two the route answers: a model, a tool, a document, or Vallum itself.
  release: [
    governance.inspectOutput, //  released only behind the inspected window
    ledger.seal, //               no record, no answer
  ],
  refuse: ledger.refuse,
});
