// What a program does with node-redis, against the server at the port that is given: both versions of the protocol.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(process.env.KV_MODULES + '/');
const { createClient } = require('redis');
const [port, secret] = process.argv.slice(2);

for (const RESP of [2, 3]) {
  const client = await createClient({ url: `redis://127.0.0.1:${port}`, RESP, name: 'script' }).connect();
  await client.flushAll();
  assert.equal(await client.ping(), 'PONG');
  assert.equal(await client.set('k', 'v'), 'OK');
  assert.equal(await client.get('k'), 'v');
  assert.equal(await client.get('none'), null);
  assert.equal(await client.set('k', 'w', { condition: 'NX' }), null);
  assert.equal(Number(await client.expire('k', 100)), 1);
  assert((await client.ttl('k')) >= 98);
  assert.equal(await client.incr('n'), 1);
  assert.equal(await client.incrBy('n', 41), 42);
  await client.mSet({ a: '1', b: '2' });
  assert.deepEqual(await client.mGet(['a', 'none', 'b']), ['1', null, '2']);
  const found = [];
  for await (const keys of client.scanIterator()) found.push(...keys);
  assert.deepEqual(found.sort(), ['a', 'b', 'k', 'n']);
  assert.equal(await client.del(['a', 'b']), 2);
  await assert.rejects(client.incr('k'), /value is not an integer or out of range/);
  assert.equal((await client.configGet('port')).port, port);
  assert.match(await client.info(), /redis_mode:standalone/);
  assert((await client.clientList()).some((it) => it.name === 'script'));
  const many = await Promise.all(Array.from({ length: 1000 }, (_, n) => client.echo(String(n))));
  assert.equal(many[999], '999');
  const [known] = await client.sendCommand(['COMMAND', 'INFO', 'multi']);
  if (known) {
    assert.deepEqual(await client.multi().set('p', '1').incr('p').get('p').exec(), ['OK', 2, '2']);
  } else {
    console.log('SKIPPED: transactions, which the server does not have');
  }
  const waiting = await client.duplicate().connect();
  const message = new Promise((resolve) => waiting.subscribe('news', (text) => resolve(text)).then(
    () => client.publish('news', 'hello')));
  assert.equal(await message, 'hello');
  await waiting.unsubscribe('news');
  // It connects again by itself.
  const id = await waiting.sendCommand(['CLIENT', 'ID']);
  waiting.on('error', () => {});
  const again = new Promise((resolve) => waiting.once('ready', resolve));
  await client.sendCommand(['CLIENT', 'KILL', 'ID', String(id)]);
  await again;
  assert.notEqual(await waiting.sendCommand(['CLIENT', 'ID']), id);
  await waiting.close();
  await client.close();
  console.log(`node-redis ${require('redis/package.json').version}, RESP${RESP}: done`);
}
const let_in = await createClient({ url: `redis://:secret@127.0.0.1:${secret}` }).connect();
assert.equal(await let_in.ping(), 'PONG');
await let_in.close();
const stranger = createClient({ url: `redis://127.0.0.1:${secret}`, socket: { reconnectStrategy: false } });
stranger.on('error', () => {});
await assert.rejects(stranger.connect().then(() => stranger.get('k')), /NOAUTH/);
stranger.destroy();
