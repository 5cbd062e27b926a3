import type { PlainRequest } from './plain-request.ts';

/*
 * Requests that administrators, agents and collectors send on ordinary days, judged whole but for the texts of policies, rules, patterns and templates.
 * Written to be awkward: apostrophes, ampersands, brackets, words that are also commands or SQL.
 */

const clients = [
  'curl/8.5.0',
  'python-requests/2.32.3',
  'OpenAI/Python 1.51.0',
  'OpenAI/JS 4.67.3',
  'axios/1.7.7',
  'node',
  'undici',
  'Go-http-client/2.0',
  'okhttp/4.12.0',
  'Java/17.0.9',
  'Apache-HttpClient/5.3 (Java/21.0.2)',
  'Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36 Edg/129.0.0.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1',
  'kube-probe/1.30',
  'Prometheus/2.54.1',
  'PostmanRuntime/7.42.0',
  'vallum-cli/0.1.0 (linux; x64) node/24.21.0',
  'Datadog Agent/7.57.2',
  'otel-collector-contrib/0.110.0 (linux/amd64)',
  'PowerShell/7.4.5 (Linux; Debian GNU/Linux 12; en-US)',
];

const names = [
  "O'Brien's agent",
  'Tom & Jerry support',
  'Claims triage (EU)',
  'Research / drafts',
  'Sales – Q3 forecast',
  'SQL helper',
  'Python reviewer',
  'Node runner',
  'Docker build agent',
  'Git sync for docs',
  'Ruby on Rails upgrade bot',
  'PHP 8 migration assistant',
  'Shell script explainer',
  'Perl to Python translator',
  'Cat food recommender',
  'Who is who',
  'Find & replace assistant',
  'Select committee notes',
  'Union representative',
  'Drop-off scheduler',
  'Order by phone',
  'Group by region report',
  'Insert coin – arcade FAQ',
  "L'Oréal catalogue",
  'Müller & Söhne GmbH',
  '株式会社サンプル 受付',
  'Ассистент поддержки',
  'مساعد الدعم',
  'Agent #42',
  'Agent [beta]',
  'Nightly job: exports',
  'R&D; internal only',
  '"Quoted" name',
  'Pricing <2025>',
  'a+b=c tutor',
  '100% remote hiring',
  'C:/ drive cleanup advisor',
  'node_modules watcher',
  '.NET helpdesk',
  'C# & F# mentor',
  'TypeScript 5.9 / 6.0',
  'On-call rota',
  'script doctor',
  'Alert router',
  'Eval harness',
  'System prompt editor',
  'Admin console (read-only)',
  'Root cause analyst',
  'Process mining',
  'Where next? travel planner',
];

const notes = [
  'Answers questions about invoices; hands over to a person when unsure.',
  "Don't use for payroll. It's a pilot, and we'll review it in March.",
  'Select the best answer from the list, and order by relevance.',
  'Deletes nothing: update the record, insert a note, or drop the case from your queue.',
  'Created by the Union of Teachers; select schools only.',
  'Reads from the warehouse where status is open and limit is 50 rows.',
  'Runs every night at 02:00 UTC (cron: 0 2 * * *), see the runbook.',
  'Cleans up old branches | tags | releases.',
  'Use `ls` and `cat` only in the sandbox.',
  'Owner: j.doe@example.com, backup: a.smith+oncall@example.co.uk',
  'See https://docs.example.com/guides/agents?tab=setup#limits for details.',
  'Cost < 5 € per day, latency > 2 s is an alert.',
  'If (and only if) the customer agrees, send the form.',
  'Handles the "reset password" flow; escalates on 3 failures.',
  'Summarises e-mail; never replies. Subject: lines are kept.',
  'Budget: $500/month – alert at 80%.',
  'Score = 0.4 * relevance + 0.6 * recency (see notes).',
  'Runs as user 1000, group 1000; memory 512Mi, cpu 250m.',
  'Moved from v1 to v2 on 2026-03-01; the old one is read-only.',
  'Covers A/B tests, N/A answers and 24/7 support.',
  'Ask for name, e-mail & phone; then confirm (yes/no).',
  'Line one.\nLine two, with a tab:\tdone.\n- item\n- item',
  'Step 1: open the console. Step 2: choose "Agents". Step 3: click on Save.',
  'Escalate to #incident-room on Slack, or page @on-call.',
  "The customer's words, not ours: 'it does not work'.",
  'Works with Jira, GitHub, GitLab and Confluence.',
  'Temperature 0.2; top_p 0.9; max_tokens 1,024.',
  'Allowed: EU, UK, CH. Not allowed: US (see DPIA-2026-014).',
  'The script writes the minutes; the editor approves them.',
  'Let me know when it is done, and wait for my OK.',
  'Keep it short & simple. Thanks!',
  'What is 2 + 2? A tutor for grades 1 to 4.',
  'Order numbers look like 4711-0815/AB; serials like SN:00-11-22.',
  'Translate from German into French and back; keep {placeholders} as they are.',
  'Rating: ★★★★☆ (4/5) — “good enough” says QA…',
  'Sends a reminder after 3 days, then again after 7 (max. 2).',
  'Reviewer: Anna-Lena; deputy: Jean-Luc; since: 01/02/2026.',
  'Uses function calling to look up orders; needs the orders:read scope.',
  'Fallback order: primary, secondary, then fail with 503.',
  'Tables: customers, orders. Views: revenue by month.',
  'Tests pass on main; merge and deploy, then watch the error rate.',
  'Replaces the old process: the alert is closed by the owner.',
  'Source of truth is the CRM; everything else is a copy.',
  'and/or rules apply; either/or does not.',
  'Is not null-safe; returns true or false.',
  'Insert the card, select a language, and wait for the receipt.',
  'Having 3 replicas or more is required in production.',
  'Between 8 and 10 requests per second, like last year.',
  'Kill switch is owned by security; do not remove.',
  'Exec summary: fewer tickets, faster answers.',
];

const values: Readonly<Record<string, unknown>>[] = [
  { model: 'anthropic.claude-3-5-sonnet-20241022-v2:0', region: 'eu-central-1' },
  { model: 'meta-llama/Llama-3.3-70B-Instruct', quantization: 'fp8' },
  { arn: 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab' },
  {
    image:
      'registry.example.com/team/agent:v1.4.2@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
  },
  { cidr: ['10.0.0.0/8', '192.168.0.0/16', 'fd00::/8'], mode: 'allow' },
  { schedule: '*/15 8-18 * * 1-5', timezone: 'Europe/Zurich' },
  { topic: 'rbp.metrics', group: 'soc-1', partition: 2 },
  { selector: 'app.kubernetes.io/name=vallum', namespace: 'prod-eu' },
  {
    contentType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    file: 'Q3 report (final) v2.docx',
  },
  {
    file: 'invoice_2026-03.pdf',
    size: '1.2 MB',
    checksum: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  },
  { tags: ['team:platform', 'env=prod', 'cost-center/4711', 'pii:none'] },
  { phone: '+41 44 123 45 67', address: 'Rue du Marché 5, 1204 Genève' },
  { webhook: 'https://hooks.example.com/services/T000/B000/abcDEF123?channel=alerts&thread=1' },
  {
    homepage: 'https://www.example.org/about-us/team.html',
    callback: 'https://app.example.com/auth/callback?state=a1b2c3',
  },
  {
    issuer: 'https://login.example.com/realms/main',
    audience: 'api://vallum',
    scopes: 'openid profile email',
  },
  { unit: 'm/s²', threshold: '>= 0.95', window: '5m', severity: 'warning' },
  { severity: 'high', category: 'exfiltration', source: 'agent-7/run_018f', status: 'open' },
  { event_type: 'tool.call', source: 'agents/executor', at: '2026-11-22T10:15:30.123Z', latency_ms: 18.4 },
  { event_type: 'user.login', source: 'https://console.example.com', outcome: 'success' },
  {
    metric: 'http.server.duration',
    attributes: { 'http.route': '/v1/agents/{id}', 'http.method': 'POST', 'service.name': 'vallum-gateway' },
  },
  {
    resource: {
      'k8s.pod.name': 'gateway-5f7c9d-x2x9z',
      'host.arch': 'amd64',
      'telemetry.sdk.language': 'nodejs',
    },
  },
  { logger: 'com.example.billing.InvoiceService', level: 'WARN', thread: 'http-nio-8080-exec-3' },
  { actor: 'user:anna.meier@example.com', action: 'policy.update', target: 'policy/spend-limit' },
  { policy: { effect: 'forbid', action: 'tool:call', when: 'risk >= 3 && environment == "production"' } },
  { rule: 'amount > 10000 and currency in (EUR, CHF)', owner: 'finance' },
  { condition: 'department = "legal" or department = "compliance"', approvers: 2 },
  { retention: { hot: '7d', warm: '90d', cold: '365d', archive: '2555d' } },
  { pattern: 'INV-[0-9]{6}', example: 'INV-004711' },
  { template: 'Hello {{name}}, your ticket {{ticket_id}} was closed.' },
  { query: 'status:open assignee:me label:"needs review" created:>2026-01-01' },
  { filter: 'severity=high,critical;source=gateway', sort: '-created_at,name' },
  { version: '1.2.3-rc.1+build.5', engines: '>=20.19 <25' },
  { color: '#ff8800', icon: 'fa-solid fa-robot', locale: 'de-CH' },
  { uuid: '0192f7a4-7c3e-7b1a-9d2e-5f6a7b8c9d0e', etag: 'W/"33a64df551425fcc55e4d42a148795d9"' },
  { cursor: 'eyJpZCI6ImFsZXJ0XzAxOGYiLCJhdCI6MTc2Mzc5MjEzMH0=', limit: 50 },
  {
    publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl anna@laptop',
  },
  { license: 'Apache-2.0 OR MIT', language: 'C++', os: 'Debian GNU/Linux 12 (bookworm)' },
  { math: 'f(x) = 3x^2 + 2x - 1', currency: 'CHF 1’250.–', ratio: '16:9' },
  { path: 'tenants/acme/documents/2026/contract.pdf', bucket: 's3://vallum-prod-docs/tenants/' },
  { range: '2026-01-01..2026-03-31', quarter: 'Q1/2026', compare: 'YoY +12.5%' },
];

const targets = [
  ['POST', '/v1/agents'],
  ['PATCH', '/v1/agents/agt_0192f7a47c3e7b1a9d2e5f6a7b8c9d0e'],
  ['POST', '/v1/telemetry'],
  ['POST', '/v1/policies'],
  ['POST', '/v1/quotas'],
  ['PUT', '/v1/settings'],
  ['POST', '/api/ai-soc/telemetry'],
  ['POST', '/v1/playbooks'],
  ['POST', '/v1/users'],
  ['PATCH', '/v1/incidents/inc_0192f7a4'],
] as const;

const queries = [
  '',
  'limit=50&cursor=eyJpZCI6ImFsZXJ0XzAxOGYifQ%3D%3D',
  'status=open&severity=high%2Ccritical&sort=-created_at',
  'from=2026-11-01T00%3A00%3A00Z&to=2026-11-22T23%3A59%3A59%2B01%3A00',
  'q=anna%20%26%20tom&page=2',
  'q=invoice+%22needs+review%22+-draft',
  'name=O%27Brien&tag=team%3Aplatform',
  'redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback&state=xyz',
  'filter[status]=open&filter[owner]=me&fields=id,name,created_at',
  'search=select+committee+from+2025&limit=10',
];

const headers = [
  ['accept', '*/*'],
  ['accept', 'application/json, text/plain;q=0.9'],
  ['cookie', 'vallum_session=s%3Aabc.DEF-123_456; theme=dark; lang=en-GB'],
  ['referer', 'https://console.example.com/agents?tab=runs&sort=-started'],
  ['if-none-match', 'W/"33a64df551425fcc55e4d42a148795d9f25f89d4"'],
  ['sec-ch-ua', '"Chromium";v="129", "Not=A?Brand";v="8"'],
  ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
  ['x-forwarded-for', '203.0.113.7, 10.1.2.3'],
  ['accept-language', 'de-CH,de;q=0.9,en;q=0.8,fr;q=0.7'],
  ['x-stainless-runtime', 'CPython'],
  ['if-modified-since', 'Sat, 21 Nov 2026 10:15:30 GMT'],
  ['baggage', 'userId=alice,serverNode=DF%2028,isProduction=false'],
  ['x-client-info', 'supabase-js/2.45.4 (web)'],
  ['tracestate', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'],
] as const;

const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index % list.length];
  if (item === undefined) throw new Error('an empty list');
  return item;
};

/** Policy and rule texts have guards and validators of their own; their routes declare them so. */
const content = new Set(['/condition', '/policy/when', '/rule', '/pattern', '/template']);

/** A request, and pointers to the strings of its body that are content. */
interface JudgedRequest {
  readonly head: PlainRequest['head'];
  readonly body: { readonly value: Readonly<Record<string, unknown>>; readonly content: ReadonlySet<string> };
}

/** Two hundred of them; each name, note, value, query and client comes several times, in other company. */
export function benignRequests(): JudgedRequest[] {
  return Array.from({ length: 200 }, (_, index) => {
    const [method, path] = at(targets, index);
    const head: PlainRequest['head'] = {
      method,
      path,
      query: at(queries, index * 3 + Math.floor(index / 10)),
      rawHeaders: [
        'host',
        'vallum.example.com:8000',
        'user-agent',
        at(clients, index),
        'authorization',
        'Bearer vlm_live_0123456789abcdefghijklmnopqrstuvwxyz',
        'content-type',
        'application/json',
        'content-length',
        '512',
        ...at(headers, index),
      ],
    };
    const value = {
      name: at(names, index),
      description: at(notes, index + Math.floor(index / 50)),
      ...at(values, index),
      note: at(notes, index * 7 + 3),
    };
    return { head, body: { value, content } };
  });
}
