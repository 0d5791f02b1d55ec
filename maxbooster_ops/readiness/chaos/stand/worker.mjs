// A worker of a drill on npm's BullMQ; `worker.py` is the same in Python and says what it does. Run as
// `node worker.mjs QUEUE CONCURRENCY LOCK_MS STALLED_MS`, with the Redis in DRILL_REDIS_URL and the folder whose
// node_modules has bullmq in BULLMQ_FOLDER.
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';

const require = createRequire(`${process.env.BULLMQ_FOLDER}/package.json`);
const { Worker } = require('bullmq');
const { Redis } = require('ioredis');
const [, , queue, concurrency, lockMs, stalledMs] = process.argv;
const url = process.env.DRILL_REDIS_URL;
const client = new Redis(url);
const connection = new Redis(url, { maxRetriesPerRequest: null });
const runs = `bull:${queue}:drill-runs`;
const note = (job, what) =>
  client.rpush(runs, JSON.stringify({ id: job.id, attempt: job.attemptsMade + 1, what, at_ms: Date.now() }));

async function work(job) {
  const { workMs = 0, failAttempts = 0 } = job.data;
  await note(job, 'began');
  await pause(workMs);
  if (job.attemptsMade < failAttempts) throw new Error('failed as planned');
  await note(job, 'done');
  return 'done';
}

for (const one of [client, connection]) one.on('error', (error) => console.error(String(error)));
const worker = new Worker(queue, work, {
  connection,
  concurrency: Number(concurrency),
  lockDuration: Number(lockMs),
  stalledInterval: Number(stalledMs),
  maxStalledCount: 1,
});
worker.on('error', (error) => console.error(String(error)));
process.on('SIGTERM', () => process.exit(0));
