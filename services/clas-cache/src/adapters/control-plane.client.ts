/** The gateway's two edge calls. Every answer is one of three: it worked, we are refused, or nobody could say. */
import { CALLS } from '@ringfence/contracts';
import type { z } from 'zod';

export type Uplink = z.output<typeof CALLS.exchangeToken.response>;
export type PairedNode = z.output<typeof CALLS.pairNode.response>;

/** The control plane has decided against us; trying again changes nothing. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(
    readonly status: number,
    readonly token: string,
    message: string,
  ) {
    super(message);
  }
}
/** The control plane could not be asked. */
export class ControlPlaneAway extends Error {
  override readonly name = 'ControlPlaneAway';
}

export interface ControlPlaneClient {
  exchange(): Promise<Uplink>;
  pair(proof: { pairingKey: string; machineId: string; version: string }): Promise<PairedNode>;
}

const DEADLINE_MS = 10_000;

export function controlPlaneClient(gatewayUrl: string, cluster: string, token: string): ControlPlaneClient {
  const ask = async <T>(route: string, body: object, answer: z.ZodType<T>): Promise<T> => {
    const response = await post(`${gatewayUrl.replace(/\/$/, '')}/api/v2/edge/${route}`, {
      cluster,
      token,
      ...body,
    });
    const result = answer.safeParse(await response.json().catch(() => null));
    if (!result.success)
      throw new ControlPlaneAway(`${gatewayUrl} answered ${route} with something unreadable`);
    return result.data;
  };
  return {
    exchange: () => ask('exchange', {}, CALLS.exchangeToken.response),
    pair: (proof) => ask('pair', proof, CALLS.pairNode.response),
  };
}

async function post(url: string, body: object): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(DEADLINE_MS),
      redirect: 'error',
    });
  } catch (error) {
    throw new ControlPlaneAway(`${url} cannot be reached: ${reasonOf(error)}`, { cause: error });
  }
  if (response.ok) return response;
  throw await refusal(url, response);
}

async function refusal(url: string, response: Response): Promise<Error> {
  const body: unknown = await response.json().catch(() => null);
  const [first] = Array.isArray(body) ? (body as { token?: unknown; message?: unknown }[]) : [];
  const token = typeof first?.token === 'string' ? first.token : 'refused';
  const message = typeof first?.message === 'string' ? first.message : `${url} answered ${response.status}`;
  const isDecided =
    response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429;
  return isDecided
    ? new Refused(response.status, token, message)
    : new ControlPlaneAway(`${url}: ${message}`);
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? cause.message : error instanceof Error ? error.message : String(error);
}
