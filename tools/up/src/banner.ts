/** What a person sees of `npm start` when it is up: where everything is, and the story to try. */
import { styleText } from 'node:util';
import type { CallSummary } from './application/calls.js';
import type { StackAccess } from './ringfence-api.js';

export interface Story {
  readonly access: StackAccess;
  readonly kubeconfig: string;
  readonly dataDirectory: string;
  readonly namespaces: readonly string[];
  readonly demo: boolean;
  readonly calls: CallSummary | null;
  readonly simulated: boolean;
  /** For C-VENs on the nodes of a real cluster; null where we have started them. */
  readonly pairing: { readonly clasUrl: string; readonly caFile: string; readonly key: string } | null;
}

export function storyText(story: Story): string {
  const { access, kubeconfig } = story;
  const lines = [
    '',
    styleText('bold', 'Ringfence is running.'),
    '',
    `  REST API     ${access.url}/api/v2   (OpenAPI: ${access.url}/docs)`,
    `  API key      ${access.key} : ${access.secret}`,
    `  log in       ${access.username} : ${access.password}`,
    `  kubeconfig   ${kubeconfig}`,
    `  environment  source ${story.dataDirectory}/env`,
    ...(story.simulated
      ? ['', styleText('yellow', '  SIMULATED: verdicts come from the policy engine; no packet is filtered.')]
      : []),
    ...(story.calls && !story.demo ? callLines(story.calls) : []),
    ...(story.pairing ? pairingLines(story.pairing) : []),
    '',
    styleText('bold', 'Try, in this order:'),
    ...commands(story).flatMap(([command, what]) => ['', `  # ${what}`, `  ${styleText('cyan', command)}`]),
    '',
    `  npx takes its time. Quicker, and in any directory: source ${story.dataDirectory}/env`,
    '  and then: ringfence flows (completion: source <(ringfence completion bash), or zsh)',
    '',
    'Ctrl-C ends everything.',
    '',
  ];
  return lines.join('\n');
}

function callLines({ found, given, byPolicies, workloads }: CallSummary): string[] {
  const more = [
    ...(given > 0 ? [`${given} of --calls`] : []),
    ...(byPolicies > 0 ? [`${byPolicies} by network policies`] : []),
  ];
  return [
    '',
    `  ${found} calls between the ${workloads} workloads were found in their manifests${more.length > 0 ? `, and ${more.join(', ')}` : ''}.`,
    '  Some are missing? --calls FILE with lines "from to port", such as "web api 8080"; or now:',
    '  kubectl set env deploy/web API_URL=http://api:8080',
  ];
}

function pairingLines({ clasUrl, caFile, key }: NonNullable<Story['pairing']>): string[] {
  return [
    '',
    '  A real cluster: namespaces, nodes and workloads show up by themselves, and nothing is managed until you say so.',
    '  Enforcement and flows need a C-VEN on each node, started there as root (docs/operations.md):',
    `  CLAS_URL=${clasUrl} RINGFENCE_CA=${caFile} RINGFENCE_PAIRING_KEY=${key} node services/cven/dist/main.js`,
  ];
}

function commands(story: Story): [string, string][] {
  const [first = 'default'] = story.namespaces;
  if (!story.demo) {
    return [
      ['npx ringfence flows --follow', 'who talks to whom, and what no rule allows yet'],
      ['npx ringfence workloads', 'what was found, with its labels'],
      [
        `npx ringfence policy suggest ${first} -o policy.yaml && npx ringfence policy apply -f policy.yaml --provision`,
        'let rules be written from what was seen, look at them, and put them in force',
      ],
      [`npx ringfence mode ${first} full`, 'drop everything that no rule allows'],
      ['npx ringfence flows --verdict blocked --follow', 'watch what is blocked'],
    ];
  }
  return [
    ['npx ringfence flows', 'see who talks to whom; no rule allows any of it yet: potentially blocked'],
    [
      'npx ringfence policy apply -f deploy/demo/policy.yaml',
      'write the rules that the shop needs, as a draft',
    ],
    ['npx ringfence policy provision -m "the shop"', 'put them in force; its own calls become allowed'],
    [
      'npx ringfence mode shop-prod full',
      story.simulated
        ? 'from now on what no rule allows counts as blocked'
        : 'from now on the kernel drops what no rule allows',
    ],
    story.simulated
      ? ['npx ringfence flows --verdict blocked', "see development's reports job lose production's database"]
      : [
          `kubectl --kubeconfig ${story.kubeconfig} -n shop-dev exec deploy/reports -- nc -zv db.shop-prod 5432; npx ringfence flows --verdict blocked`,
          "try it from development's reports job: production's database is lost to it",
        ],
  ];
}
