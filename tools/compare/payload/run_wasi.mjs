// Runs a WASI module with node: run_wasi.mjs MODULE DIRECTORY [ARGUMENT...]; the module sees DIRECTORY as /tmp and nothing else.
// Its exit status is this program's.
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [, , module, directory, ...args] = process.argv;
const wasi = new WASI({
  version: 'preview1', // node 18 has no other and ignores it, node 20 wants to be told
  args: ['payload', ...args],
  preopens: { '/tmp': directory },
  // Not process.exit() from inside the module: node 20 then crashes now and then (SIGSEGV), while V8 still compiles it.
  returnOnExit: true,
});
const compiled = new WebAssembly.Module(readFileSync(module));
process.exitCode = wasi.start(new WebAssembly.Instance(compiled, { wasi_snapshot_preview1: wasi.wasiImport }));
