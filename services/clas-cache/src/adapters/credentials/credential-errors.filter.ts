/** Every error of the credential endpoint in the REST API's form, also what Fastify and Nest refuse before a route is found. */
import { Catch, HttpException } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { ErrorToken } from '@ringfence/contracts';
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';

const REFUSED: Readonly<Partial<Record<number, { token: ErrorToken; message: string }>>> = {
  400: { token: 'invalid_json', message: 'the body is not JSON' },
  404: { token: 'invalid_uri', message: 'there is nothing here but POST /v1/challenge and /v1/credentials' },
  413: { token: 'request_too_large', message: 'the body is larger than this server takes' },
  415: { token: 'unsupported_content_type', message: 'send application/json' },
};
const INTERNAL = { token: 'internal_error', message: 'a fault of ours; the log of clas-cache says more' };

@Catch()
export class CredentialErrors implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const status = statusOf(error);
    const own = error instanceof HttpException ? error.getResponse() : undefined;
    if (status >= 500 && !Array.isArray(own)) this.logger.error({ err: error }, 'a request failed');
    const errors = Array.isArray(own) ? own : [REFUSED[status] ?? INTERNAL];
    void reply
      .code(status)
      .headers({ 'content-type': 'application/json', ...(status === 429 && { 'retry-after': '10' }) })
      .send(Buffer.from(JSON.stringify(errors)));
  }
}

function statusOf(error: unknown): number {
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: number }).statusCode;
  return status !== undefined && (status in REFUSED || error instanceof HttpException) ? status : 500;
}
