/**
 * The wiring of clas-cache to its process. clas-cache.ts puts the parts together; Nest carries the one thing that is asked
 * over HTTP.
 *
 *   POST /v1/{challenge,credentials} ──▶ credentials.controller ──▶ credential-desk ──▶ API server (vouching)
 *                                                                         └───────────▶ gateway (pairing), or what was kept of it
 */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { alarmInsecure, urlOf } from '@ringfence/service-host';
import type { HostContext, RunningService } from '@ringfence/service-host';
import { publicUrl } from './adapters/credentials/admission.js';
import type { CredentialDesk } from './adapters/credentials/credential-desk.js';
import { openCredentialEndpoint } from './adapters/credentials/credential-endpoint.js';
import { CREDENTIAL_DESK, CredentialsController } from './adapters/credentials/credentials.controller.js';
import { openClasCache } from './clas-cache.js';
import type { Config } from './config.js';

/** Around a desk that works already: Nest makes nothing but the controller. */
function credentialModule(desk: CredentialDesk): new () => object {
  @Module({
    controllers: [CredentialsController],
    providers: [{ provide: CREDENTIAL_DESK, useValue: desk }],
  })
  class CredentialModule {}
  return CredentialModule;
}

export async function startClasCache(context: HostContext<Config>): Promise<RunningService> {
  const listen = async (desk: CredentialDesk): Promise<void> => {
    const app = await openCredentialEndpoint(credentialModule(desk), context);
    context.onShutdown(() => app.close());
    alarmInsecure(context, {
      'credential endpoint': await urlOf(app),
      gateway: context.config.GATEWAY_URL,
      'cluster NATS': publicUrl(context.config),
    });
  };
  const clasCache = await openClasCache(context, listen);
  return { drain: () => clasCache.close() };
}
