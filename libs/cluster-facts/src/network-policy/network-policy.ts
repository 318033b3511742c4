/**
 * A NetworkPolicy as the API server or a file has it → its normal form. What the API server would refuse is refused by its field;
 * so is a field that is not known here, for a newer Kubernetes may narrow by it what would be opened without it.
 *
 * Empty and absent, as Kubernetes means them:
 *
 *   podSelector           absent or {}   every Pod of the namespace
 *   policyTypes           absent or []   Ingress, and Egress where there is an egress rule
 *   ingress, egress       absent or []   nothing is let through, where policyTypes names the direction
 *   from, to, ports       absent or []   everybody, every port
 *   a peer's namespaceSelector  absent   the policy's own namespace; {}: every namespace
 *   a peer's podSelector        absent   every Pod of the namespaces
 */
import { isText, Text } from '@ringfence/contracts';
import type {
  LabelSelector,
  NetworkPolicyForm,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicyRule,
  RefusedField,
} from '@ringfence/contracts';
import { intervalToCidrs, parseCidr } from '@ringfence/policy-engine';
import type { Interval } from '@ringfence/policy-engine';
import { z } from 'zod';
import type { KubeObject } from '../objects.js';
import { SelectorInput, selectorOf } from './label-selector.js';

const PROTOCOLS = { TCP: 6, UDP: 17, SCTP: 132 } as const;
const PORT_NAME = /^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/;
/** The normal form of a larger one might fit into no message. */
const MOST_BYTES = 512 * 1024;

const PortNumber = z.number().int().min(1).max(65_535);
const PortName = Text.refine((text) => text.length <= 15 && PORT_NAME.test(text), 'is no name of a port');

const PortInput = z
  .strictObject({
    protocol: z.enum(['TCP', 'UDP', 'SCTP']).nullish(),
    port: z.union([PortNumber, PortName], 'is neither a port nor the name of one').nullish(),
    endPort: PortNumber.nullish(),
  })
  .superRefine(({ port, endPort }, context) => {
    if (endPort === null || endPort === undefined) return;
    const path = ['endPort'];
    if (typeof port !== 'number')
      context.addIssue({ code: 'custom', path, message: 'needs a port by number' });
    else if (endPort < port)
      context.addIssue({ code: 'custom', path, message: 'is below the port at which the range begins' });
  });

const CidrText = Text.refine((text) => text.includes('/') && cidrOf(text) !== null, 'is no CIDR');

const BlockInput = z
  .strictObject({ cidr: CidrText, except: z.array(CidrText).nullish() })
  .superRefine(({ cidr, except }, context) => {
    const whole = cidrOf(cidr);
    for (const [i, text] of (except ?? []).entries()) {
      const hole = cidrOf(text);
      if (whole !== null && hole !== null && !isStrictlyWithin(hole, whole))
        context.addIssue({ code: 'custom', path: ['except', i], message: 'is no part of the CIDR' });
    }
  });

const PeerInput = z
  .strictObject({
    podSelector: SelectorInput.nullish(),
    namespaceSelector: SelectorInput.nullish(),
    ipBlock: BlockInput.nullish(),
  })
  .superRefine(({ podSelector, namespaceSelector, ipBlock }, context) => {
    const selectors = [podSelector, namespaceSelector].filter((each) => each !== null && each !== undefined);
    const hasBlock = ipBlock !== null && ipBlock !== undefined;
    if (selectors.length === 0 && !hasBlock) context.addIssue({ code: 'custom', message: 'names nobody' });
    if (selectors.length > 0 && hasBlock)
      context.addIssue({ code: 'custom', path: ['ipBlock'], message: 'stands beside a selector' });
  });

const ports = z.array(PortInput).nullish();
const peers = z.array(PeerInput).nullish();
const PolicyTypes = z
  .array(z.enum(['Ingress', 'Egress']))
  .max(2)
  .nullish();
const SpecInput = z.strictObject({
  podSelector: SelectorInput.nullish(),
  policyTypes: PolicyTypes,
  ingress: z.array(z.strictObject({ ports, from: peers })).nullish(),
  egress: z.array(z.strictObject({ ports, to: peers })).nullish(),
});

export type NetworkPolicyFacts = NetworkPolicyForm & { readonly resourceVersion: string };
export const networkPolicyFacts = (object: KubeObject): NetworkPolicyFacts => ({
  resourceVersion: object.metadata.resourceVersion,
  ...networkPolicyForm(object),
});

/** Nothing of it is in effect but what `refused` says. Never throws. */
export function networkPolicyForm({ metadata, spec }: KubeObject): NetworkPolicyForm {
  const named = { namespace: metadata.namespace ?? '', name: metadata.name };
  const read = SpecInput.safeParse(spec ?? {}, { reportInput: false });
  if (!read.success) return closed(named, spec, refusalOf(read.error.issues[0]));
  const { podSelector, ingress, egress, policyTypes } = read.data;
  const types = typesOf(policyTypes, egress);
  const form: NetworkPolicyForm = {
    ...named,
    pods: selectorOf(podSelector ?? {}),
    ingress: types.has('Ingress') ? (ingress ?? []).map((rule) => ruleOf(rule.from, rule.ports)) : null,
    egress: types.has('Egress') ? (egress ?? []).map((rule) => ruleOf(rule.to, rule.ports)) : null,
  };
  const bytes = new TextEncoder().encode(JSON.stringify(form)).length;
  if (bytes <= MOST_BYTES) return form;
  return closed(named, spec, {
    field: 'spec',
    token: 'too_large',
    message: `is larger than ${MOST_BYTES} bytes`,
  });
}

function typesOf(
  given: z.output<typeof PolicyTypes>,
  egress: readonly unknown[] | null | undefined,
): ReadonlySet<string> {
  if (given !== null && given !== undefined && given.length > 0) return new Set(given);
  return new Set((egress?.length ?? 0) > 0 ? ['Ingress', 'Egress'] : ['Ingress']);
}

/**
 * What cannot be read opens nothing: whom it may mean is isolated, where it may mean to. Where not even that can be read, every Pod of
 * its namespace, both ways.
 */
function closed(
  named: Pick<NetworkPolicyForm, 'namespace' | 'name'>,
  spec: unknown,
  refused: RefusedField,
): NetworkPolicyForm {
  const fields = (typeof spec === 'object' ? spec : null) as Readonly<Record<string, unknown>> | null;
  const selector = SelectorInput.nullish().safeParse(fields?.['podSelector']);
  const isSmall = selector.success && JSON.stringify(selector.data ?? {}).length <= MOST_BYTES / 2;
  const isolates = isolatedBy(fields);
  return {
    ...named,
    pods: isSmall ? selectorOf(selector.data ?? {}) : [],
    ingress: isolates.has('Ingress') ? [] : null,
    egress: isolates.has('Egress') ? [] : null,
    refused,
  };
}

/** Egress that is no list may be one with a rule. */
function isolatedBy(fields: Readonly<Record<string, unknown>> | null): ReadonlySet<string> {
  const types = PolicyTypes.safeParse(fields?.['policyTypes']);
  const egress = fields?.['egress'] ?? [];
  if (!types.success) return new Set(['Ingress', 'Egress']);
  return typesOf(types.data, Array.isArray(egress) ? egress : [egress]);
}

type Issue = z.core.$ZodIssue | undefined;

function refusalOf(issue: Issue): RefusedField {
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const path = [...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])];
  const field = path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}.${String(part)}`),
    'spec',
  );
  return {
    field: plain(field, 300),
    token: unknown === undefined ? 'invalid_network_policy' : 'unknown_field',
    message: plain(unknown === undefined ? (issue?.message ?? '') : 'is not known here', 500),
  };
}

/** Keys and values of a file may hold anything. */
const plain = (text: string, most: number): string => {
  const cut = text.slice(0, most);
  return isText(cut) ? cut : '?';
};

function ruleOf(peersOf: z.output<typeof peers>, portsOf: z.output<typeof ports>): NetworkPolicyRule {
  return {
    peers: (peersOf?.length ?? 0) === 0 ? null : peersOf!.map(peerOf),
    ports: (portsOf?.length ?? 0) === 0 ? null : portsOf!.map(portOf),
  };
}

function peerOf({ podSelector, namespaceSelector, ipBlock }: z.output<typeof PeerInput>): NetworkPolicyPeer {
  if (ipBlock !== null && ipBlock !== undefined)
    return {
      kind: 'addresses',
      cidr: canonicalCidr(ipBlock.cidr),
      except: [...new Set((ipBlock.except ?? []).map(canonicalCidr))].sort(),
    };
  const optional = (selector: typeof podSelector): LabelSelector | null =>
    selector === null || selector === undefined ? null : selectorOf(selector);
  return { kind: 'pods', namespaces: optional(namespaceSelector), pods: optional(podSelector) ?? [] };
}

function portOf({ protocol, port, endPort }: z.output<typeof PortInput>): NetworkPolicyPort {
  const proto = PROTOCOLS[protocol ?? 'TCP'];
  if (port === null || port === undefined) return { proto };
  return typeof port === 'string' ? { proto, name: port } : { proto, from: port, to: endPort ?? port };
}

/** Leading zeros are decimal, as the API server once took them. */
const cidrOf = (text: string): Interval | null =>
  parseCidr(text.includes(':') ? text : text.replaceAll(/(^|[./])0+(?=\d)/g, '$1'));

const canonicalCidr = (text: string): string => intervalToCidrs(cidrOf(text)!)[0]!;

const isStrictlyWithin = (inner: Interval, outer: Interval): boolean =>
  inner.version === outer.version &&
  inner.first >= outer.first &&
  inner.last <= outer.last &&
  inner.last - inner.first < outer.last - outer.first;
