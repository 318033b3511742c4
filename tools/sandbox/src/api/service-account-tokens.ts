/**
 * Bound tokens of service accounts, as a stock API server issues and reviews them: signed JWTs for audiences, with an end, bound
 * to a Pod (and with it the Pod's node), to a node, or to nothing but the account. A token is as good as the objects that it
 * names: when one of them goes, it is worthless, however long it was to last.
 */
import { generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto';
import type { Cluster } from './cluster.js';
import { isJsonObject, valueAt } from './json.js';
import type { KubeObject } from './kube-object.js';
import { serviceAccountGroups, serviceAccountName } from './access/user.js';
import type { User } from './access/user.js';
import { badRequest, conflict, invalid } from './status-error.js';
import type { StatusError } from './status-error.js';

const API_AUDIENCE = 'https://kubernetes.default.svc.cluster.local';
const DEFAULT_SECONDS = 3_600;
const LEAST_SECONDS = 600;
const LONGEST_SECONDS = 2 ** 32;
/** ECDSA as JWTs have it (RFC 7518), not as certificates do. */
const SIGNATURE = { dsaEncoding: 'ieee-p1363' } as const;
const HEAD = { alg: 'ES256', kid: 'sandbox' };

interface Named {
  readonly name: string;
  readonly uid: string;
}
interface Claims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly jti: string;
  readonly sub: string;
  readonly 'kubernetes.io': {
    readonly namespace: string;
    readonly serviceaccount: Named;
    readonly pod?: Named;
    readonly node?: Named;
  };
}
interface Binding {
  readonly pod?: Named;
  readonly node?: Named;
}

export class ServiceAccountTokens {
  private readonly keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  /** Before Kubernetes 1.30 the node of a Pod was not in its token. */
  constructor(
    private readonly cluster: Cluster,
    private readonly namesNodes = true,
  ) {}

  /** Answers a TokenRequest. */
  issue(account: KubeObject, request: unknown): unknown {
    const { namespace = 'default', name, uid } = account.metadata;
    const aud = audiencesOf(request);
    const seconds = secondsOf(request, name);
    const now = Math.floor(this.cluster.now().getTime() / 1_000);
    const claims = {
      aud,
      exp: now + seconds,
      iat: now,
      iss: API_AUDIENCE,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace,
        ...this.bindingOf(account, valueAt(request, 'spec.boundObjectRef')),
        serviceaccount: { name, uid },
      },
      nbf: now,
      sub: serviceAccountName(namespace, name),
    };
    const expirationTimestamp = new Date(claims.exp * 1_000).toISOString().replace('.000', '');
    return {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name, namespace },
      spec: { ...specOf(request), audiences: aud, expirationSeconds: seconds },
      status: { token: this.signed(claims), expirationTimestamp },
    };
  }

  /** Answers a TokenReview. */
  review(request: unknown): unknown {
    const token = valueAt(request, 'spec.token');
    if (typeof token !== 'string' || token === '') throw badRequest('token is required for TokenReview');
    return {
      kind: 'TokenReview',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: {},
      spec: specOf(request),
      status: this.verdict(token, audiencesOf(request)),
    };
  }

  private verdict(token: string, wanted: readonly string[]): unknown {
    const claims = this.read(token);
    const error =
      claims === undefined ? 'invalid bearer token' : (this.audience(claims, wanted) ?? this.lost(claims));
    if (claims === undefined || error !== undefined) return { user: {}, error };
    const { name: username, ...user } = userOf(claims);
    return {
      authenticated: true,
      user: { username, ...user },
      audiences: wanted.filter((each) => claims.aud.includes(each)),
    };
  }

  /** Undefined when the token does not let anybody in to the API server itself. */
  userOf(token: string): User | undefined {
    const claims = this.read(token);
    if (claims === undefined || !claims.aud.includes(API_AUDIENCE) || this.lost(claims) !== undefined)
      return undefined;
    return userOf(claims);
  }

  private audience({ aud }: Claims, wanted: readonly string[]): string | undefined {
    if (wanted.some((each) => aud.includes(each))) return undefined;
    return `[invalid bearer token, token audiences ${JSON.stringify(aud)} is invalid for the target audiences ${JSON.stringify(wanted)}]`;
  }

  /** Why what it is bound to does not carry it any more. */
  private lost({
    exp,
    'kubernetes.io': { namespace, serviceaccount, pod, node },
  }: Claims): string | undefined {
    if (exp * 1_000 <= this.cluster.now().getTime()) return '[invalid bearer token, token has expired]';
    if (!this.isThere('serviceaccounts', namespace, serviceaccount))
      return '[invalid bearer token, service account token has been invalidated]';
    if (pod !== undefined && !this.isThere('pods', namespace, pod))
      return '[invalid bearer token, pod token has been invalidated]';
    // The node of a Pod is only told; a token that is bound to a node itself goes with it.
    if (pod === undefined && node !== undefined && !this.isThere('nodes', undefined, node))
      return '[invalid bearer token, node token has been invalidated]';
    return undefined;
  }

  private isThere(
    plural: 'serviceaccounts' | 'pods' | 'nodes',
    namespace: string | undefined,
    named: Named,
  ): boolean {
    const found = this.cluster.find(this.cluster.catalog.named(plural), namespace, named.name);
    return found?.metadata.uid === named.uid;
  }

  private bindingOf(account: KubeObject, reference: unknown): Binding {
    if (!isJsonObject(reference)) return {};
    const { kind, name, uid } = reference;
    if (kind !== 'Pod' && kind !== 'Node')
      throw badRequest(`cannot bind token to object of type ${String(kind)}`);
    const definition = this.cluster.catalog.named(kind === 'Pod' ? 'pods' : 'nodes');
    const bound = this.cluster.get(definition, account.metadata.namespace, String(name));
    if (uid !== undefined && uid !== bound.metadata.uid)
      throw conflict(
        definition,
        String(name),
        `the UID in the bound object reference (${String(uid)}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    return kind === 'Node' ? { node: namedOf(bound) } : this.podBinding(account, bound);
  }

  private podBinding(account: KubeObject, pod: KubeObject): Binding {
    if (valueAt(pod, 'spec.serviceAccountName') !== account.metadata.name)
      throw badRequest(
        `cannot bind token for serviceaccount "${account.metadata.name}" to pod running with different serviceaccount name.`,
      );
    const nodeName = valueAt(pod, 'spec.nodeName');
    if (typeof nodeName !== 'string' || nodeName === '') return { pod: namedOf(pod) };
    const node = this.namesNodes
      ? this.cluster.find(this.cluster.catalog.named('nodes'), undefined, nodeName)
      : undefined;
    return { pod: namedOf(pod), ...(node !== undefined && { node: namedOf(node) }) };
  }

  private signed(claims: object): string {
    const text = [HEAD, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const signature = sign('sha256', Buffer.from(text), { key: this.keys.privateKey, ...SIGNATURE });
    return `${text}.${signature.toString('base64url')}`;
  }

  /** Undefined: it is no token of ours. */
  private read(token: string): Claims | undefined {
    const [head = '', body = '', signature = '', ...surplus] = token.split('.');
    const isOurs = verify(
      'sha256',
      Buffer.from(`${head}.${body}`),
      { key: this.keys.publicKey, ...SIGNATURE },
      Buffer.from(signature, 'base64url'),
    );
    return isOurs && surplus.length === 0
      ? (JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Claims)
      : undefined;
  }
}

function userOf({ sub, jti, 'kubernetes.io': { namespace, serviceaccount, pod, node } }: Claims): User {
  const extra = (key: string, value: string | undefined): Record<string, string[]> =>
    value === undefined ? {} : { [`authentication.kubernetes.io/${key}`]: [value] };
  return {
    name: sub,
    uid: serviceaccount.uid,
    groups: serviceAccountGroups(namespace),
    extra: {
      ...extra('credential-id', `JTI=${jti}`),
      ...extra('node-name', node?.name),
      ...extra('node-uid', node?.uid),
      ...extra('pod-name', pod?.name),
      ...extra('pod-uid', pod?.uid),
    },
  };
}

const namedOf = ({ metadata }: KubeObject): Named => ({ name: metadata.name, uid: metadata.uid ?? '' });

function specOf(request: unknown): object {
  const spec = valueAt(request, 'spec');
  return isJsonObject(spec) ? spec : {};
}

/** None: the API server's own. */
function audiencesOf(request: unknown): string[] {
  const asked = valueAt(request, 'spec.audiences');
  return Array.isArray(asked) && asked.length > 0 ? asked.map(String) : [API_AUDIENCE];
}

function secondsOf(request: unknown, account: string): number {
  const asked = valueAt(request, 'spec.expirationSeconds') ?? DEFAULT_SECONDS;
  if (typeof asked !== 'number') throw badRequest('spec.expirationSeconds must be a number');
  if (asked < LEAST_SECONDS) throw badDuration(account, 'may not specify a duration less than 10 minutes');
  if (asked > LONGEST_SECONDS)
    throw badDuration(account, 'may not specify a duration larger than 2^32 seconds');
  return asked;
}

function badDuration(account: string, message: string): StatusError {
  const resource = { group: 'authentication.k8s.io', plural: 'tokenrequests', kind: 'TokenRequest' };
  return invalid(resource, account, [
    { reason: 'FieldValueInvalid', field: 'spec.expirationSeconds', message },
  ]);
}
