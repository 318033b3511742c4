/**
 * From clas-cache's word on a Pod to the Pod's readiness condition. What was told before we began is compared first, so that a restart
 * does not write every Pod; so is that a Pod is not ready, because what was ready stays so, whoever wrote it.
 */
import { subjects, PodReadiness } from '@ringfence/contracts';
import type { Bus, LatestReader, LatestValue } from '@ringfence/bus';
import { ReadinessWriter } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
import type { Counter } from '@ringfence/service-host';

const AT_ONCE = 8;

export interface ReadinessOptions {
  readonly client: ApiClient;
  readonly written: Counter;
  /** Refused until it was given up. */
  readonly givenUp: Counter;
  readonly onTrouble: (message: string, error: unknown) => void;
}

export class PodConditions {
  private readonly writer: ReadinessWriter;
  private reader: LatestReader | undefined;
  private isCaughtUp = false;

  constructor(private readonly options: ReadinessOptions) {
    const { client, written, givenUp, onTrouble } = options;
    this.writer = new ReadinessWriter({
      ...{ client, atOnce: AT_ONCE, onTrouble },
      onWritten: ({ reason }) => written.add(1, { reason }),
      onGivenUp: ({ namespace, name }, error) => {
        givenUp.add(1, { status: `${error.status}` });
        onTrouble(`the condition of Pod ${namespace}/${name} is given up`, error);
      },
    });
  }

  /** `durable`: what clas-cache made for us, where the server lets no edge make its own. */
  async follow(bus: Bus, cluster: string, durable?: string): Promise<void> {
    this.reader = await bus.latest(
      'READINESS',
      subjects.readiness(cluster, '*').replace(/[^.]+$/, '*'),
      (value) => this.take(value),
      {
        ...(durable !== undefined && { durable }),
        onError: (error, subject) =>
          this.options.onTrouble(`readiness of ${subject} could not be read`, error),
      },
    );
    void this.reader.caughtUp.then(() => (this.isCaughtUp = true));
  }

  async close(): Promise<void> {
    await this.reader?.close();
    await this.writer.close();
  }

  private take({ subject, payload }: LatestValue): void {
    if (payload === null) return;
    const read = PodReadiness.safeParse(payload);
    if (!read.success) return this.options.onTrouble(`${subject} is not a readiness`, read.error);
    if (read.data.gates.length === 0) return;
    this.writer.put(read.data, { unlessWritten: !this.isCaughtUp || !read.data.ready });
  }
}
