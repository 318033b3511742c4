/** Who a simulated node is towards clas-cache: its key lies beside its machine's id, for as long as the node is. */
import { basename, dirname } from 'node:path';
import { nodeCredential, NodeKey, StateFile } from '@ringfence/edge';
import type { EdgeCredential, NodeCredentialOptions } from '@ringfence/edge';
import { tokenPathOf } from '../agent-tokens.js';

type Options = Omit<NodeCredentialOptions, 'machineIdPath' | 'tokenPath' | 'keyFile'>;

export const simulatedCredential = (
  { machineIdPath }: { readonly machineIdPath: string },
  options: Options,
): EdgeCredential =>
  nodeCredential({
    ...options,
    machineIdPath,
    tokenPath: tokenPathOf({ machineIdPath }),
    keyFile: new StateFile(dirname(machineIdPath), `${basename(machineIdPath)}.key`, NodeKey),
  });
