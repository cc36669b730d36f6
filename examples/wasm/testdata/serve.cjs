// Runs one wasm module under Node and answers calls, a JSON object a line:
//   in:  {"call": "verify", "text": "…"} or {"call": "open", "file": "path"}; "repeat": n
//   out: {"out": "…", "ms": […], "cpu": […]}, milliseconds of each repetition on
//        the clock and of processor time
"use strict";
const fs = require("fs");
const readline = require("readline");

const [exec, module_] = process.argv.slice(2);
require(exec); // Go's wasm_exec.js: defines globalThis.Go

function answer(line) {
  const { call, text, file, repeat } = JSON.parse(line);
  const input = file === undefined ? text : new Uint8Array(fs.readFileSync(file));
  const ms = [];
  const cpu = [];
  let out;
  for (let i = 0; i < (repeat || 1); i++) {
    const before = process.cpuUsage();
    const start = performance.now();
    out = input === undefined ? globalThis.hufu[call]() : globalThis.hufu[call](input);
    ms.push(performance.now() - start);
    const used = process.cpuUsage(before);
    cpu.push((used.user + used.system) / 1000);
  }
  process.stdout.write(JSON.stringify({ out, ms, cpu }) + "\n");
}

async function main() {
  const go = new globalThis.Go();
  const { instance } = await WebAssembly.instantiate(fs.readFileSync(module_), go.importObject);
  go.run(instance); // returns to here at the module's first wait
  for await (const line of readline.createInterface({ input: process.stdin })) answer(line);
  process.exit(0);
}
main();
