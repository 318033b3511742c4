/** `POST /v1/challenge` and `/v1/credentials`: how Kubelink and C-VENs get their credential. Errors have the shape of the REST API's. */
import { Body, Controller, HttpCode, HttpException, Inject, Ip, Post } from '@nestjs/common';
import { CallError } from '@ringfence/bus';
import { CredentialRequest } from '@ringfence/contracts';
import type { CallFailure, CredentialChallenge, CredentialResponse } from '@ringfence/contracts';
import { rateWindow } from '@ringfence/service-host';
import type { CredentialDesk } from './credential-desk.js';

export const CREDENTIAL_DESK = Symbol('credential desk');

const STATUS: Partial<Record<CallFailure['code'], number>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  FAILED_PRECONDITION: 406,
  RESOURCE_EXHAUSTED: 429,
  UNAVAILABLE: 503,
};
/** A minute and address. An agent asks twice a day, and again and again while it cannot be helped; many may share an address. */
const REQUESTS = 1_200;
/** Wrong proofs. Beyond it the address waits, so that nobody spends what the control plane grants all nodes together. */
const WRONG = 30;

@Controller('v1')
export class CredentialsController {
  private readonly requests = rateWindow(REQUESTS);
  private readonly wrong = rateWindow(WRONG);

  constructor(@Inject(CREDENTIAL_DESK) private readonly desk: CredentialDesk) {}

  @Post('challenge')
  @HttpCode(200)
  challenge(@Ip() address: string): CredentialChallenge {
    slowDown(this.requests.take(address, Date.now()));
    return this.desk.challenge();
  }

  /** Limits come before anything that costs: a signature, a question to the control plane. */
  @Post('credentials')
  @HttpCode(200)
  async credentials(@Ip() address: string, @Body() body: unknown): Promise<CredentialResponse> {
    slowDown(this.requests.take(address, Date.now()));
    slowDown(this.wrong.look(address, Date.now()));
    const request = CredentialRequest.safeParse(body);
    if (!request.success) {
      const errors = request.error.issues.map(({ path, message }) => ({
        token: 'input_validation_error',
        message: `${path.join('.')}: ${message}`,
      }));
      throw new HttpException(errors, 400);
    }
    try {
      return await this.desk.issue(request.data);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (error.code === 'UNAUTHENTICATED') this.wrong.take(address, Date.now());
      throw new HttpException([...error.errors], STATUS[error.code] ?? 500);
    }
  }
}

function slowDown(waitMs: number): void {
  if (waitMs === 0) return;
  const seconds = Math.ceil(waitMs / 1000);
  throw new HttpException(
    [
      {
        token: 'too_many_requests_error',
        message: `too many requests in a minute; try again in ${seconds} s`,
      },
    ],
    429,
  );
}
