// What a program does with ioredis, against the server at the port that is given.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(process.env.KV_MODULES + '/');
const { Redis } = require('ioredis');
const [port, secret] = process.argv.slice(2).map(Number);

const client = new Redis({ port, connectionName: 'script' });
await client.flushall();
assert.equal(await client.ping(), 'PONG');
assert.equal(await client.set('k', 'v'), 'OK');
assert.equal(await client.get('k'), 'v');
assert.equal(await client.get('none'), null);
assert.equal(await client.set('k', 'w', 'NX'), null);
assert.equal(await client.expire('k', 100), 1);
assert((await client.ttl('k')) >= 98);
assert.equal(await client.incrby('n', 42), 42);
await client.mset({ a: '1', b: '2' });
assert.deepEqual(await client.mget('a', 'none', 'b'), ['1', null, '2']);
const found = [];
for await (const keys of client.scanStream()) found.push(...keys);
assert.deepEqual(found.sort(), ['a', 'b', 'k', 'n']);
await assert.rejects(client.incr('k'), /value is not an integer or out of range/);
assert.equal(await client.client('GETNAME'), 'script');
const piped = await client.pipeline().set('p', '1').incr('p').get('p').exec();
assert.deepEqual(piped, [[null, 'OK'], [null, 2], [null, '2']]);
const [known] = await client.command('INFO', 'multi');
if (known) {
  assert.deepEqual(await client.multi().set('p', '1').incr('p').exec(), [[null, 'OK'], [null, 2]]);
} else {
  console.log('SKIPPED: transactions, which the server does not have');
}
const waiting = new Redis({ port });
await waiting.subscribe('news');
const message = new Promise((resolve) => waiting.on('message', (channel, text) => resolve([channel, text])));
await client.publish('news', 'hello');
assert.deepEqual(await message, ['news', 'hello']);
await waiting.unsubscribe('news');
// It connects again by itself.
const id = await waiting.client('ID');
const again = new Promise((resolve) => waiting.once('ready', resolve));
await client.client('KILL', 'ID', id);
await again;
assert.notEqual(await waiting.client('ID'), id);
await waiting.quit();
await client.quit();
const letIn = new Redis({ port: secret, password: 'secret' });
assert.equal(await letIn.ping(), 'PONG');
await letIn.quit();
console.log(`ioredis ${require('ioredis/package.json').version}: done`);
