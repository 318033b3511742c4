/** An API server with its client for the specs of this folder, and the objects that they put there. */
import type { KubeObject } from '../kube-object.js';
import { startApiServer } from '../server.js';
import type { ApiServer } from '../server.js';
import { ApiClient } from './api-client.js';

export interface ServedApi {
  readonly server: ApiServer;
  readonly api: ApiClient;
  close(): Promise<void>;
}

/** Bookmarks come soon, and history is short. */
export async function serveApi(): Promise<ServedApi> {
  const server = await startApiServer({ bookmarkIntervalMs: 30, historyLimit: 50 });
  const api = new ApiClient(server);
  return {
    server,
    api,
    close: async () => {
      api.close();
      await server.close();
    },
  };
}

export interface List {
  kind: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: KubeObject[];
}

export const configMaps = '/api/v1/namespaces/default/configmaps';
export const pods = '/api/v1/namespaces/default/pods';

export const configMap = (name: string, data = {}): unknown => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name, labels: { name } },
  data,
});
