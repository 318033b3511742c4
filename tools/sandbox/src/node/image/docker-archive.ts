/**
 * An image as one file that `ctr images import` takes: a docker-archive with one layer. The layer's content comes from outside.
 */
import { createHash } from 'node:crypto';
import { packTar, type TarEntry } from './tar.js';

export interface ImageDescription {
  reference: string;
  architecture: 'amd64' | 'arm64';
  entrypoint: readonly string[];
  files: readonly TarEntry[];
}

export function dockerArchive(image: ImageDescription): Buffer {
  const layer = packTar(image.files);
  const config = Buffer.from(
    JSON.stringify({
      architecture: image.architecture,
      os: 'linux',
      config: { Entrypoint: image.entrypoint, Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      history: [{ created_by: 'sandbox' }],
    }),
  );
  const configPath = `${sha256(config)}.json`;
  const manifest = [{ Config: configPath, RepoTags: [image.reference], Layers: ['layer.tar'] }];
  return packTar([
    { path: 'layer.tar', kind: 'file', content: layer },
    { path: configPath, kind: 'file', content: config },
    { path: 'manifest.json', kind: 'file', content: Buffer.from(JSON.stringify(manifest)) },
  ]);
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
