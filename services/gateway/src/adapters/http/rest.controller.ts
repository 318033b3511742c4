/** Nest's side of the REST API: one controller, because the routes are data. */
import { All, Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpServing } from './http-serving.js';

export const HTTP_SERVING = Symbol('how HTTP requests are served');

@Controller()
export class RestController {
  constructor(@Inject(HTTP_SERVING) private readonly serving: HttpServing) {}

  @All('*')
  async handle(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.serving.handle(request, reply);
  }
}
