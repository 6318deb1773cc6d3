// A pipeline as BullMQ's own documents build one: a receiver of webhooks puts jobs into a queue for each shop, a worker
// for each shop carries them out. `naive`: a job for each order and shop, which carries the number. `deduplicated`: at
// most one job waits for an article and shop, and reads the newest number when it is carried out.
//
// Started with a JSON object on its command line; says `{"ready":…}` when the shops know where to send their orders.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { Queue, Worker } from 'bullmq';
import IORedis from 'ioredis';
import { Shop } from './shop.mjs';

const { mode, redis: url, shops: places } = JSON.parse(process.argv[2]);
// Calls at once for each shop, which answers after 20 ms: 3,200 calls a second, more than the machine can make.
const CONCURRENCY = 64;
const KEYS = 'stock';

const connect = (options) => new IORedis(url, { maxRetriesPerRequest: null, ...options });
const redis = connect({ enableAutoPipelining: true });
// An order counts once, however often it is told of: the lines of a new one are taken off, and what is left is told.
redis.defineCommand('take', {
  numberOfKeys: 2,
  lua: `if redis.call('SADD', KEYS[2], ARGV[1]) == 0 then return {} end
        local left = {}
        for i = 2, #ARGV, 2 do left[#left + 1] = redis.call('HINCRBY', KEYS[1], ARGV[i], -ARGV[i + 1]) end
        return left`,
});

const shops = places.map((place) => new Shop(place, CONCURRENCY));
const jobOptions = { attempts: 10, backoff: { type: 'exponential', delay: 100 }, removeOnComplete: true, removeOnFail: 1000 };
const queues = shops.map((_, number) => new Queue(`shop-${number}`, { connection: connect(), defaultJobOptions: jobOptions }));

function job(sku, units) {
  if (mode === 'naive') return { name: 'publish', data: { sku, units } };
  // One that is carried out already has read its number: it is followed by another.
  return { name: 'publish', data: { sku }, opts: { deduplication: { id: sku, keepLastIfActive: true } } };
}

async function publish(shop, { sku, units }) {
  const newest = units ?? Number(await redis.hget(KEYS, sku));
  await shop.setUnits(sku, Math.max(0, newest));
}

// To every shop, its own too: while it sold, a number from before may have been on its way to it.
async function accept(number, body) {
  const order = JSON.parse(body);
  const lines = order.line_items.map(({ sku, quantity }) => [sku, quantity]);
  const left = await redis.take(KEYS, 'orders', `${number}:${order.id}`, ...lines.flat());
  const jobs = left.map((units, line) => job(lines[line][0], units));
  if (jobs.length > 0) await Promise.all(queues.map((queue) => queue.addBulk(jobs)));
}

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', async () => {
    const body = Buffer.concat(parts);
    const number = Number(request.url.slice(1));
    const done = (status) => response.writeHead(status).end();
    // What a shop sends first to see whether anybody is there is not signed.
    if (request.headers['x-wc-webhook-topic'] === undefined) return done(200);
    if (!shops[number].isSigned(body, request.headers['x-wc-webhook-signature'])) return done(401);
    try {
      await accept(number, body);
      done(200);
    } catch (error) {
      console.error(error);
      done(503);
    }
  });
});

for (const shop of shops) {
  const rows = await shop.articles();
  // What the last one shows is the stock: all show the same in the beginning.
  await redis.hset(KEYS, Object.fromEntries(rows));
}
const workers = shops.map(
  (shop, number) =>
    new Worker(`shop-${number}`, (one) => publish(shop, one.data), { connection: connect(), concurrency: CONCURRENCY }),
);
workers.forEach((worker) => worker.on('error', console.error));
await Promise.all(workers.map((worker) => worker.waitUntilReady()));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const own = `http://127.0.0.1:${server.address().port}`;
await Promise.all(shops.map((shop, number) => shop.subscribe(`${own}/${number}`)));
const version = (name) => JSON.parse(readFileSync(createRequire(import.meta.url).resolve(`${name}/package.json`))).version;
const ready = `bullmq ${version('bullmq')}, ioredis ${version('ioredis')}, node ${process.versions.node}`;
console.log(JSON.stringify({ ready, settings: `concurrency ${CONCURRENCY} a shop, addBulk, 10 attempts, removeOnComplete` }));
