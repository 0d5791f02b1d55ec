// A platform for the tests: one process, one BullMQ version, told what to do by JSON lines on standard input. It answers each
// line by one line on standard output. Started with the folder (v5 or v6) whose bullmq it is to use, in BULLMQ_FOLDER.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const require = createRequire(`${process.env.BULLMQ_FOLDER}/package.json`);
const { FlowProducer, Queue, Worker, MetricsTime, UnrecoverableError } = require('bullmq');
const { Redis } = require('ioredis');
const [, , port, password] = process.argv;
const connection = { host: '127.0.0.1', port: Number(port), password, maxRetriesPerRequest: null };

let client;
const plain = () => (client ??= new Redis(connection));
const queues = new Map();
const workers = [];

function queue({ queue: name, prefix = 'bull' }) {
  const key = `${prefix}:${name}`;
  if (!queues.has(key)) queues.set(key, new Queue(name, { connection, prefix }));
  return queues.get(key);
}

// What a job does stands in its data: how long it works, on which attempts it fails, what it returns; while which key of Redis
// exists it fails, and to which list it adds its id when it succeeds. `runs` and `marks` are sets to which each run that began
// and each that succeeded adds itself once, even where the connection breaks and the command is sent again.
async function work(job) {
  const { workMs = 0, failAttempts = 0, failForGood = false, returnBytes = 0, hang = false, failWhile, effects } = job.data;
  const { runs, marks } = job.data;
  job.begunAt = Date.now();
  const run = runs && JSON.stringify({ run: randomUUID(), ...(await whose(job)) });
  if (runs) await plain().sadd(runs, run);
  if (workMs) await pause(workMs);
  if (hang && job.stalledCounter === 0) await new Promise(() => {});
  if (failForGood) throw new UnrecoverableError(job.data.reason ?? 'planned failure');
  if (job.attemptsMade < failAttempts) throw new Error('planned failure');
  if (failWhile && (await plain().exists(failWhile))) throw new Error(job.data.reason ?? 'planned failure');
  if (effects) await plain().rpush(effects, job.id);
  if (marks) await plain().sadd(marks, run);
  return 'x'.repeat(returnBytes);
}

async function whose(job) {
  return { id: job.id, token: await plain().hget(job.queue.toKey(job.id), 'mbops:try'), stalled: job.stalledCounter };
}

// The truth: what every worker itself saw, one JSON line per finished or retried job.
function writeDown(file, outcome, job) {
  const { id, name, processedOn, begunAt, finishedOn, timestamp, attemptsMade } = job;
  const times = { processedOn, begunAt, finishedOn, writtenAt: Date.now(), timestamp };
  appendFileSync(file, `${JSON.stringify({ outcome, id, name, ...times, attemptsMade })}\n`);
}

const actions = {
  async add({ jobs, ...where }) {
    const added = await queue(where).addBulk(jobs.map(({ name = 'job', data = {}, opts = {} }) => ({ name, data, opts })));
    return added.map((job) => job.id);
  },
  async work({ queue: name, prefix = 'bull', truth, keepsMetrics = false, ...options }) {
    const metrics = keepsMetrics ? { maxDataPoints: MetricsTime.ONE_WEEK } : undefined;
    const worker = new Worker(name, work, { connection, prefix, metrics, ...options });
    worker.on('error', () => {});
    if (truth) {
      worker.on('completed', (job) => writeDown(truth, 'completed', job));
      worker.on('failed', (job) => job && writeDown(truth, job.finishedOn ? 'failed' : 'retried', job));
    }
    await worker.waitUntilReady();
    workers.push(worker);
    return null;
  },
  async stop() {
    await Promise.all(workers.splice(0).map((worker) => worker.close()));
    return null;
  },
  // A parent with its children, as a FlowProducer takes them; gives the tree's ids, parent first.
  async flow({ prefix = 'bull', flow }) {
    const producer = new FlowProducer({ connection, prefix });
    const ids = ({ job, children = [] }) => [job.id, ...children.flatMap(ids)];
    const added = ids(await producer.add(flow));
    await producer.close();
    return added;
  },
  async state({ id, ...where }) {
    const job = await queue(where).getJob(id);
    return job ? { state: await job.getState(), reason: job.failedReason, data: await job.getChildrenValues() } : null;
  },
  counts: (where) => queue(where).getJobCounts(),
  workers: (where) => queue(where).getWorkersCount(),
  pause: (where) => queue(where).pause(),
  resume: (where) => queue(where).resume(),
  concurrency: ({ value, ...where }) => queue(where).setGlobalConcurrency(value),
  trim: ({ length, ...where }) => queue(where).trimEvents(length),
  async obliterate(where) {
    await queue(where).obliterate({ force: true });
    await queue(where).close();
    return queues.delete(`${where.prefix ?? 'bull'}:${where.queue}`);
  },
  async promote({ id, ...where }) {
    const job = await queue(where).getJob(id);
    return job.promote();
  },
  async retry({ id, ...where }) {
    const job = await queue(where).getJob(id);
    return job.retry('failed');
  },
  async remove({ id, ...where }) {
    return queue(where).remove(id);
  },
  // The loop that a platform would write itself: ask every queue in turn.
  async countAll({ names, rounds }) {
    const all = names.map((name) => queue({ queue: name }));
    const milliseconds = [];
    for (let round = 0; round < rounds; round += 1) {
      const began = performance.now();
      for (const one of all) await one.getJobCounts();
      milliseconds.push(performance.now() - began);
    }
    return milliseconds;
  },
  // Finish jobs in many queues without a standing worker in each.
  async finish({ names, jobs }) {
    for (const name of names) {
      await queue({ queue: name }).addBulk(Array.from({ length: jobs }, () => ({ name: 'job', data: {} })));
      const worker = new Worker(name, null, { connection, autorun: false });
      for (let done = 0; done < jobs; done += 1) {
        const job = await worker.getNextJob('bench');
        await job.moveToCompleted('ok', 'bench', false);
      }
      await worker.close(true);
    }
    return null;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: action, ...rest } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ answer: (await actions[action](rest)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error?.stack ?? error) }));
  }
}
process.exit(0);
