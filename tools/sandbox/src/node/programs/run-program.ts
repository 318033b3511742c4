/**
 * A further program in a running container, with its input and output as streams: what `kubectl exec` needs of a node. It is
 * ended with everything in its process group when it is killed; with its container it ends by itself.
 *
 *   this process ── named pipes ── shim ── program, in the container's namespaces
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProgramRequest, ProgramStarter, RunningProgram } from '../../api/streams/containers.js';
import { makeNamedPipes, type NamedPipes, type PipeName } from './named-pipes.js';
import { connectTasks, type ProcessSpec, type TaskClient, type TaskProgram } from './task.client.js';

/** On all nodes. */
const maxPrograms = 256;
/** What a program has left behind in the background may hold its output open: nobody waits for what says nothing so long. */
const quietAfterEndMs = 2_000;

export interface ProgramNode {
  name: string;
  containerdSocket: string;
}

/** `folder` holds the pipes; each program's are gone when it has ended. */
export function programStarter(nodes: readonly ProgramNode[], folder: string): ProgramStarter {
  const clients = new Map(nodes.map((node) => [node.name, connectTasks(node.containerdSocket)]));
  let count = 0;
  return async (request) => {
    const tasks = clients.get(request.node);
    if (tasks === undefined) throw new Error(`no node ${request.node} runs here`);
    if (count >= maxPrograms) throw new Error(`${maxPrograms} programs run in containers: end one of them`);
    const program = { containerId: request.containerId, id: randomUUID() };
    const pipes = await makeNamedPipes(join(folder, program.id), pipesOf(request));
    count += 1;
    try {
      const pid = await startProgram(tasks, program, request, pipes);
      const running = runningProgram(tasks, program, pid, pipes);
      void running.ended.catch(() => undefined).then(() => (count -= 1));
      return running;
    } catch (error) {
      count -= 1;
      await pipes.remove();
      throw new Error(runtimeWords(error), { cause: error });
    }
  };
}

function pipesOf({ hasInput, hasTerminal }: ProgramRequest): PipeName[] {
  return ['stdout', ...(hasTerminal ? [] : ['stderr' as const]), ...(hasInput ? ['stdin' as const] : [])];
}

async function startProgram(
  tasks: TaskClient,
  program: TaskProgram,
  { command, hasTerminal }: ProgramRequest,
  pipes: NamedPipes,
): Promise<number> {
  const own = await tasks.processOf(program.containerId);
  const env = hasTerminal ? [...own.env, 'TERM=xterm'] : own.env;
  const process: ProcessSpec = { ...own, args: command, env, terminal: hasTerminal };
  const [stdin, stdout, stderr] = [pipes.path('stdin'), pipes.path('stdout'), pipes.path('stderr')];
  await tasks.create(program, process, { stdin, stdout, stderr });
  try {
    return await tasks.start(program);
  } catch (error) {
    // A program that could not be started (there is no such file) stays known to containerd until it is removed.
    await tasks.remove(program).catch(() => undefined);
    throw error;
  }
}

function runningProgram(
  tasks: TaskClient,
  program: TaskProgram,
  pid: number,
  pipes: NamedPipes,
): RunningProgram {
  const output = pipes.readable('stdout');
  const errors = pipes.path('stderr') === '' ? undefined : pipes.readable('stderr');
  const outputs = [output, ...(errors === undefined ? [] : [errors])];
  const input = pipes.path('stdin') === '' ? undefined : inputOf(tasks, program, pipes);
  let hasEnded = false;
  const ended = endOf(tasks, program, outputs).finally(() => {
    hasEnded = true;
    input?.destroy();
    return pipes.remove();
  });
  // Whoever asks for the exit code hears of a failure; one that nobody asks for is nobody's.
  ended.catch(() => undefined);
  return {
    input,
    output,
    errors,
    resize: (size) => tasks.resize(program, size),
    ended,
    kill: () => {
      if (!hasEnded) killGroup(pid);
      for (const unread of outputs) unread.destroy();
    },
  };
}

function inputOf(tasks: TaskClient, program: TaskProgram, pipes: NamedPipes): Socket {
  const input = pipes.writable('stdin');
  input.on('error', () => undefined);
  input.on('finish', () => void tasks.closeInput(program).catch(() => undefined));
  return input;
}

async function endOf(tasks: TaskClient, program: TaskProgram, outputs: readonly Socket[]): Promise<number> {
  const isRead = Promise.all(outputs.map((output) => finished(output).catch(() => undefined)));
  const exitCode = await tasks.wait(program);
  await Promise.race([isRead, untilQuiet(outputs)]);
  for (const output of outputs) output.destroy();
  await tasks.remove(program).catch(() => undefined);
  return exitCode;
}

/** Whatever its reader has not taken yet is waited for. */
async function untilQuiet(outputs: readonly Socket[]): Promise<void> {
  const bytesRead = (): number => outputs.reduce((total, output) => total + output.bytesRead, 0);
  for (let before = -1; before !== bytesRead() || outputs.some((output) => output.readableLength > 0);) {
    before = bytesRead();
    await sleep(quietAfterEndMs, undefined, { ref: false });
  }
}

/** Without gRPC's number and name of the failure. */
function runtimeWords(error: unknown): string {
  return error instanceof Error ? error.message.replace(/^\d+ [A-Z_]+: /, '') : String(error);
}

/** The runtime makes each program the leader of a session of its own. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
