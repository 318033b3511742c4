/**
 * containerd's own service for programs in a container. The runtime interface's exec is not used: it is served by an HTTP server
 * inside the node's network, and cannot end what it has started. Every call has a deadline; nothing is tried again.
 */
import { loadProto, openStub } from '@ringfence/cri';

export interface TaskProgram {
  containerId: string;
  /** Any name that the container's other programs do not have. */
  id: string;
}

/** Of the runtime specification's process only what is changed here. */
export interface ProcessSpec {
  args: readonly string[];
  env: readonly string[];
  terminal?: boolean;
}

/** Paths of named pipes; '' for none. */
export interface ProgramPipes {
  stdin: string;
  stdout: string;
  stderr: string;
}

export interface TaskClient {
  /** How the container's own program was started: user, capabilities, environment. */
  processOf(containerId: string): Promise<ProcessSpec>;
  create(program: TaskProgram, process: ProcessSpec, pipes: ProgramPipes): Promise<void>;
  /** Returns the process id on this machine; from then on containerd holds its end of every pipe. */
  start(program: TaskProgram): Promise<number>;
  /** Returns the exit code. */
  wait(program: TaskProgram): Promise<number>;
  resize(program: TaskProgram, size: { width: number; height: number }): Promise<void>;
  /** containerd keeps the input open until it is told. */
  closeInput(program: TaskProgram): Promise<void>;
  remove(program: TaskProgram): Promise<void>;
}

const callTimeoutMs = 30_000;
/** Longer than any session may last. */
const waitTimeoutMs = 7 * 24 * 3_600_000;
const processType = 'types.containerd.io/opencontainers/runtime-spec/1/Process';

export function connectTasks(socket: string): TaskClient {
  const open = (service: string, wireName: string) =>
    openStub({
      socket,
      definition: loadProto('containerd.proto'),
      service: `ringfence.containerd.${service}`,
      wireName,
      // The runtime interface's containers are in this one of containerd's namespaces.
      metadata: { 'containerd-namespace': 'k8s.io' },
      timeoutMs: callTimeoutMs,
    });
  const containers = open('Containers', 'containerd.services.containers.v1.Containers');
  const tasks = open('Tasks', 'containerd.services.tasks.v1.Tasks');
  const named = ({ containerId, id }: TaskProgram) => ({ container_id: containerId, exec_id: id });
  return {
    processOf: async (id) => {
      const { container } = await containers.call<{ container: { spec: { value: Buffer } } }>('Get', { id });
      return (JSON.parse(container.spec.value.toString('utf8')) as { process: ProcessSpec }).process;
    },
    create: async (program, process, pipes) => {
      const spec = { type_url: processType, value: Buffer.from(JSON.stringify(process)) };
      const terminal = process.terminal === true;
      await tasks.call('Exec', { ...named(program), ...pipes, terminal, spec });
    },
    start: async (program) => (await tasks.call<{ pid: number }>('Start', named(program))).pid,
    wait: async (program) => {
      const options = { timeoutMs: waitTimeoutMs };
      return (await tasks.call<{ exit_status: number }>('Wait', named(program), options)).exit_status;
    },
    resize: async (program, size) => void (await tasks.call('ResizePty', { ...named(program), ...size })),
    closeInput: async (program) => void (await tasks.call('CloseIO', { ...named(program), stdin: true })),
    remove: async (program) => void (await tasks.call('DeleteProcess', named(program))),
  };
}
