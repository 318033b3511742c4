/**
 * What an API server vouches for: whose a service account's token is, and on which node its holder runs. Nothing is read out of
 * the token here; whether it is real, not at its end and still bound to something that lives is the API server's to say.
 */
import { ApiError } from './api-client.js';
import type { ApiClient } from './api-client.js';

export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}
export interface TokenHolder {
  /** `system:serviceaccount:<namespace>:<name>`. */
  readonly username: string;
  /** Since Kubernetes 1.30. */
  readonly node: string | undefined;
  readonly pod: { readonly name: string; readonly uid: string } | undefined;
}

interface UserView {
  readonly username?: string;
  readonly extra?: Record<string, readonly string[]>;
}
interface TokenReviewView {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly error?: string;
    readonly audiences?: readonly string[];
    readonly user?: UserView;
  };
}
interface PodView {
  readonly metadata?: { readonly uid?: string };
  readonly spec?: { readonly nodeName?: string };
}
/** The API server's words where it does not vouch. Throws ApiError. */
export async function reviewToken(
  client: ApiClient,
  { token, audience }: { readonly token: string; readonly audience: string },
  signal?: AbortSignal,
): Promise<TokenHolder | { readonly refused: string }> {
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences: [audience] },
  };
  const { status = {} } = await client.post<TokenReviewView>(
    '/apis/authentication.k8s.io/v1/tokenreviews',
    body,
    signal,
  );
  if (status.authenticated !== true) return { refused: status.error ?? 'the token is not valid' };
  // A server that knows nothing of audiences leaves them out, and would take a token that is for it alone.
  if (!status.audiences?.includes(audience))
    return { refused: `the token is not for the audience ${audience}` };
  return holderOf(status.user ?? {});
}

function holderOf({ username = '', extra = {} }: UserView): TokenHolder {
  const of = (key: string): string | undefined => extra[`authentication.kubernetes.io/${key}`]?.[0];
  const [name, uid] = [of('pod-name'), of('pod-uid')];
  const pod = name === undefined || uid === undefined ? undefined : { name, uid };
  return { username, node: of('node-name'), pod };
}

/** Of a token that does not name it: where its Pod runs. Undefined: it is bound to no Pod that is there. Throws ApiError. */
export async function boundNode(
  client: ApiClient,
  { namespace }: ServiceAccount,
  { node, pod }: TokenHolder,
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (node !== undefined || pod === undefined) return node;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod.name)}`;
  const found = await orAbsent(client.get<PodView>(path, {}, signal));
  return found?.metadata?.uid === pod.uid ? found.spec?.nodeName : undefined;
}

/** Whether there is this service account. Throws ApiError. */
export async function isServiceAccount(
  client: ApiClient,
  { namespace, name }: ServiceAccount,
  signal?: AbortSignal,
): Promise<boolean> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(name)}`;
  return (await orAbsent(client.get(path, {}, signal))) !== undefined;
}

async function orAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
