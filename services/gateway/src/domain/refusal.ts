/**
 * A request that gets another answer than it asked for: HTTP status and the errors of its body. The one place where canonical codes become
 * statuses; tokens are the catalogue's (`ERRORS` in contracts).
 */
import { ERRORS } from '@ringfence/contracts';
import type { CallFailure, ErrorToken } from '@ringfence/contracts';

export interface ErrorItem {
  readonly token: string;
  readonly message: string;
}

const STATUS_OF_CODE: Readonly<Record<CallFailure['code'], number>> = {
  INVALID_ARGUMENT: 406,
  FAILED_PRECONDITION: 406,
  ALREADY_EXISTS: 406,
  NOT_FOUND: 404,
  PERMISSION_DENIED: 403,
  UNAUTHENTICATED: 401,
  RESOURCE_EXHAUSTED: 429,
  ABORTED: 503,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 503,
  INTERNAL: 500,
};
/** Where HTTP has a status of its own for it. */
const STATUS_OF_TOKEN: Readonly<Partial<Record<ErrorToken, number>>> = {
  invalid_json: 400,
  unsupported_content_type: 400,
  invalid_request: 400,
  request_headers_too_large: 431,
  request_too_large: 413,
  method_not_allowed_error: 405,
  precondition_failed: 412,
};

export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly status: number,
    readonly errors: readonly ErrorItem[],
    readonly headers: Readonly<Record<string, string>> = {},
    options?: ErrorOptions,
  ) {
    super(errors.map((error) => `${error.token}: ${error.message}`).join('; '), options);
  }
}

export function refuse(
  token: ErrorToken,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return new Refusal(statusOf(token), [{ token, message }], headers);
}

export const statusOf = (token: ErrorToken): number =>
  STATUS_OF_TOKEN[token] ?? STATUS_OF_CODE[ERRORS[token].code];

/** What an owner answered. Tokens of the transport become the API's; a fault of ours shows no inner text. */
export function refusalOf(
  code: CallFailure['code'],
  errors: readonly ErrorItem[],
  requestId: string,
): Refusal {
  if (code === 'INTERNAL') return internalFault(requestId);
  const status = STATUS_OF_CODE[code];
  const retry: Readonly<Record<string, string>> =
    status === 503 || status === 429 ? { 'retry-after': '1' } : {};
  if (code === 'UNAVAILABLE')
    return refuse('service_unavailable', 'the part that owns this does not answer; try again', retry);
  if (code === 'DEADLINE_EXCEEDED')
    return refuse('request_timeout', 'the answer took too long; try again or ask for less', retry);
  const token = errors[0]?.token === 'precondition_failed' ? 'precondition_failed' : undefined;
  return new Refusal(token ? STATUS_OF_TOKEN[token]! : status, errors, retry);
}

export function internalFault(requestId: string): Refusal {
  return refuse('internal_error', `a fault of ours; look for request ${requestId} in the logs`);
}
