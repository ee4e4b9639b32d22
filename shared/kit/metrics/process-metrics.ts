import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { frameMetrics } from './frame-metrics.ts';
import type { Meter } from './meter.ts';

/** The event loop is measured over so many milliseconds: no scrape resets it, however many there are. */
const WINDOW_MS = 10_000;

/** Observes memory, processor and event loop of the process; the result ends it. */
export function measureProcess(meter: Meter): () => void {
  const loop = measureLoop();
  meter.observe(frameMetrics.processMemory, (tell) => tell(process.memoryUsage.rss()));
  meter.observe(frameMetrics.processUptime, (tell) => tell(process.uptime()));
  meter.observe(frameMetrics.processCpu, (tell) => {
    const { user, system } = process.cpuUsage();
    tell(user / 1e6, { 'cpu.mode': 'user' });
    tell(system / 1e6, { 'cpu.mode': 'system' });
  });
  meter.observe(frameMetrics.heapUsed, (tell) => tell(getHeapStatistics().used_heap_size));
  meter.observe(frameMetrics.heapLimit, (tell) => tell(getHeapStatistics().heap_size_limit));
  meter.observe(frameMetrics.loopDelayMedian, (tell) => tell(loop.last().p50));
  meter.observe(frameMetrics.loopDelayP99, (tell) => tell(loop.last().p99));
  meter.observe(frameMetrics.loopDelayMax, (tell) => tell(loop.last().max));
  meter.observe(frameMetrics.loopUtilization, (tell) => tell(loop.last().utilization));
  return loop.end;
}

/** The last whole window; before there is one, what is known so far. */
function measureLoop() {
  // Sampled every 20 ms: finer costs more than it tells.
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let began = performance.eventLoopUtilization();
  const seconds = (nanoseconds: number) => (Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0);
  const now = () => ({
    p50: seconds(delay.percentile(50)),
    p99: seconds(delay.percentile(99)),
    max: seconds(delay.max),
    utilization: performance.eventLoopUtilization(began).utilization,
  });
  let whole: ReturnType<typeof now> | undefined;
  const timer = setInterval(() => {
    whole = now();
    delay.reset();
    began = performance.eventLoopUtilization();
  }, WINDOW_MS).unref();
  return {
    last: () => whole ?? now(),
    end: () => {
      clearInterval(timer);
      delay.disable();
    },
  };
}
