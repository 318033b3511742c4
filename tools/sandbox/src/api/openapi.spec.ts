import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Schema } from './schemas/built-in-schemas.js';
import type { ApiClient } from './testing/api-client.js';
import { serveApi } from './testing/served-api.js';
import type { ServedApi } from './testing/served-api.js';

interface Document {
  paths: Record<string, { get: Identified; patch: Identified & { parameters: { name: string }[] } }>;
  components: { schemas: Record<string, Schema> };
}
interface Identified {
  'x-kubernetes-group-version-kind': { kind: string };
  requestBody?: unknown;
}

let served: ServedApi;
let api: ApiClient;

beforeEach(async () => {
  served = await serveApi();
  ({ api } = served);
});
afterEach(() => served.close());

function schemaOf(schemas: Record<string, Schema>, operation: Identified): Schema | undefined {
  const { kind } = operation['x-kubernetes-group-version-kind'];
  return Object.values(schemas).find(
    (candidate) => candidate['x-kubernetes-group-version-kind']?.[0]?.kind === kind,
  );
}
const document = async (path: string): Promise<Document> => (await api.get<Document>(path)).body;

describe('an OpenAPI document', () => {
  it('describes every kind of every group, with nothing that it refers to missing', async () => {
    const { body } = await api.get<{ paths: Record<string, { serverRelativeURL: string }> }>('/openapi/v3');
    for (const { serverRelativeURL } of Object.values(body.paths)) {
      const { paths, components } = await document(serverRelativeURL);
      const references = [...JSON.stringify(components).matchAll(/"#\/components\/schemas\/([^"]+)"/g)];
      const missing = references.filter(([, name = '']) => components.schemas[name] === undefined);
      expect(missing).toEqual([]);
      for (const { get } of Object.values(paths))
        expect(schemaOf(components.schemas, get)).toMatchObject({
          description: expect.stringMatching(/\w/) as string,
          properties: { apiVersion: {}, kind: {}, metadata: {} },
        });
    }
  });

  it('says of fields what they are and whether they have to be there', async () => {
    const { components } = await document('/openapi/v3/api/v1');
    const schema = (kind: string): Schema => components.schemas[`io.k8s.api.core.v1.${kind}`] ?? {};
    expect(schema('Container')).toMatchObject({
      required: ['name'],
      properties: {
        args: { type: 'array', items: { type: 'string' } },
        ports: { items: { $ref: expect.stringMatching(/core\.v1\.ContainerPort$/) as string } },
      },
    });
    const quantity = { $ref: expect.stringMatching(/api\.resource\.Quantity$/) as string };
    expect(schema('ResourceRequirements')).toMatchObject({
      properties: { limits: { additionalProperties: quantity } },
    });
  });

  it('lets clients ask for checks and dry runs, and merge by what they know themselves', async () => {
    const { paths } = await document('/openapi/v3/apis/apps/v1');
    const path = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'];
    expect(path?.patch.parameters.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['dryRun', 'fieldValidation']),
    );
    expect(path?.patch.requestBody).toBeUndefined();
  });
});
