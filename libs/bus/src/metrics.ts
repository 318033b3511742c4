/** What the bus needs of a metrics registry; service-host's `Metrics` has this shape. */
export type MetricLabels = Readonly<Record<string, string>>;

export interface BusMetrics {
  counter(name: string, help: string): { add(value?: number, labels?: MetricLabels): void };
  gauge(name: string, help: string): { set(value: number, labels?: MetricLabels): void };
  histogram(
    name: string,
    help: string,
    options?: { readonly buckets?: readonly number[] },
  ): { record(value: number, labels?: MetricLabels): void };
}

const nothing = { add: () => undefined, set: () => undefined, record: () => undefined };
/** For processes that measure nothing (tools, specs). */
export const noMetrics: BusMetrics = {
  counter: () => nothing,
  gauge: () => nothing,
  histogram: () => nothing,
};
