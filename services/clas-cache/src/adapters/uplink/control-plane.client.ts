/** The gateway's two edge calls. Every answer is one of three: it worked, we are refused, or nobody could say. */
import { postJson } from '@ringfence/bus';
import type { JsonAnswer } from '@ringfence/bus';
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
  pair(proof: {
    pairingKey: string;
    machineId: string;
    version: string;
    publicKey: string;
    vouchedNode?: string | undefined;
  }): Promise<PairedNode>;
}

const DEADLINE_MS = 10_000;

export interface GatewayAccess {
  readonly gatewayUrl: string;
  readonly cluster: string;
  readonly token: string;
  readonly caFile: string | undefined;
}

export function controlPlaneClient({
  gatewayUrl,
  cluster,
  token,
  caFile,
}: GatewayAccess): ControlPlaneClient {
  const ask = async <T>(route: string, body: object, answer: z.ZodType<T>): Promise<T> => {
    const url = `${gatewayUrl.replace(/\/$/, '')}/api/v2/edge/${route}`;
    const response = await post(url, { cluster, token, ...body }, caFile);
    const result = answer.safeParse(response.json);
    if (!result.success)
      throw new ControlPlaneAway(`${gatewayUrl} answered ${route} with something unreadable`);
    return result.data;
  };
  return {
    exchange: () => ask('exchange', {}, CALLS.exchangeToken.response),
    pair: (proof) => ask('pair', proof, CALLS.pairNode.response),
  };
}

async function post(url: string, body: object, caFile: string | undefined): Promise<JsonAnswer> {
  let response: JsonAnswer;
  try {
    response = await postJson(url, body, { timeoutMs: DEADLINE_MS, caFile });
  } catch (error) {
    throw new ControlPlaneAway(`${url} cannot be reached: ${reasonOf(error)}`, { cause: error });
  }
  if (response.status === 200) return response;
  throw refusal(url, response);
}

function refusal(url: string, response: JsonAnswer): Error {
  const body = response.json;
  const [first] = Array.isArray(body) ? (body as { token?: unknown; message?: unknown }[]) : [];
  const token = typeof first?.token === 'string' ? first.token : 'refused';
  const message = typeof first?.message === 'string' ? first.message : `${url} answered ${response.status}`;
  const isDecided =
    response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429;
  return isDecided
    ? new Refused(response.status, token, message)
    : new ControlPlaneAway(`${url}: ${message}`);
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
