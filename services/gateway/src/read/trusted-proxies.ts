/** `settings/trusted_proxy_ips`: whose word about a client's address counts. */
import { settingsOf } from './settings.js';

export interface TrustedProxySettings {
  readonly trusted_proxy_ips: readonly { readonly pce_fqdn: string | null; readonly ip: string }[];
}

export const trustedProxies = settingsOf<TrustedProxySettings>('trusted_proxy_ips', {
  trusted_proxy_ips: [],
});
