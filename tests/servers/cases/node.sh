# node: an http server and its client, net, worker_threads, fs.watch, child_process, signals.
# packages: nodejs
# needs: node
exec node - <<'END'
const http = require('http'), net = require('net'), fs = require('fs'), path = require('path'), cp = require('child_process');
const { Worker, isMainThread } = require('worker_threads');
const n = process.env.SHORT ? 3 : 100;
const get = options => new Promise((done, fail) => http.get(options, r => { let s = ''; r.on('data', d => s += d); r.on('end', () => done(s)); }).on('error', fail));
const listen = (server, ...where) => new Promise(done => server.listen(...where, () => done(server.address())));
(async () => {
  const server = http.createServer((request, response) => { response.end('you asked ' + request.url); });
  const { port } = await listen(server, 0, '127.0.0.1');
  const answers = await Promise.all([...Array(n).keys()].map(i => get({ port, host: '127.0.0.1', path: '/' + i })));
  console.log('http', answers.length, answers[0], answers[n - 1].length);
  const pipe = http.createServer((q, r) => r.end('unix ' + q.url));
  await listen(pipe, '/tmp/node.socket');
  console.log(await get({ socketPath: '/tmp/node.socket', path: '/x' }));
  const echo = net.createServer(s => s.pipe(s));
  const { port: p } = await listen(echo, 0, '::1');
  await new Promise(done => { const c = net.connect(p, '::1', () => c.end('x'.repeat(100000))); let size = 0; c.on('data', d => size += d.length); c.on('end', () => { console.log('echo', size); done(); }); });
  await get({ port: 1, host: '127.0.0.1' }).catch(e => console.log(e.code));
  for (const k of [2, 3]) await new Promise(done => new Worker('const {parentPort, workerData} = require("worker_threads"); let s = 0; for (let i = 0; i < 1e5; i++) s += i % workerData; parentPort.postMessage(s)', { eval: true, workerData: k }).on('message', m => console.log('worker', m)).on('exit', done));
  fs.mkdirSync('/tmp/watched');
  await new Promise(done => { const w = fs.watch('/tmp/watched', (event, name) => { console.log('watch', event, name); w.close(); done(); }); fs.writeFileSync('/tmp/watched/file', 'x'); });
  console.log('exec', cp.execSync('echo from a shell').toString().trim());
  await new Promise(done => { const c = cp.spawn('cat'); c.stdout.on('data', d => console.log('cat', d.toString())); c.on('exit', code => { console.log('exit', code); done(); }); c.stdin.end('through pipes'); });
  await new Promise(done => { const c = cp.spawn('sleep', ['100']); c.on('exit', (code, signal) => { console.log('killed', signal); done(); }); c.kill(); });
  fs.writeFileSync('/tmp/child.js', 'process.on("message", m => { process.send({ got: m }); process.disconnect(); })');
  await new Promise(done => { const c = cp.fork('/tmp/child.js'); c.on('message', m => console.log('ipc', JSON.stringify(m))); c.on('exit', done); c.send('hello'); });
  process.once('SIGUSR2', () => { console.log('signal'); for (const s of [server, pipe, echo]) s.close(); });
  process.kill(process.pid, 'SIGUSR2');
})();
END
