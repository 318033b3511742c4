/** `POST /v1/credentials`: how Kubelink and C-VENs get their credential. Errors have the shape of the REST API's. */
import { Body, Controller, HttpCode, HttpException, Inject, Post } from '@nestjs/common';
import { CallError } from '@ringfence/bus';
import { CredentialRequest } from '@ringfence/contracts';
import type { CallFailure, CredentialResponse } from '@ringfence/contracts';
import type { CredentialDesk } from './credential-desk.js';

export const CREDENTIAL_DESK = Symbol('credential desk');

const STATUS: Partial<Record<CallFailure['code'], number>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  FAILED_PRECONDITION: 406,
  UNAVAILABLE: 503,
};

@Controller('v1')
export class CredentialsController {
  constructor(@Inject(CREDENTIAL_DESK) private readonly desk: CredentialDesk) {}

  @Post('credentials')
  @HttpCode(200)
  async credentials(@Body() body: unknown): Promise<CredentialResponse> {
    const request = CredentialRequest.safeParse(body);
    if (!request.success) {
      const errors = request.error.issues.map(({ path, message }) => ({
        token: 'invalid-request',
        message: `${path.join('.')}: ${message}`,
      }));
      throw new HttpException(errors, 400);
    }
    try {
      return await this.desk.issue(request.data);
    } catch (error) {
      if (error instanceof CallError) throw new HttpException([...error.errors], STATUS[error.code] ?? 500);
      throw error;
    }
  }
}
