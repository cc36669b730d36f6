// The npm side of the comparison. It reads one request a line, {"do": name,
// "times": n}, and writes one answer a line, {"ns": nanoseconds an operation,
// "value": …} or {"error": …}. Only the operation is timed: neither this
// protocol, nor reading files, nor what was set up once.
import * as jsBBS from '@digitalbazaar/bbs-signatures';
import pairingCrypto from '@mattrglobal/pairing-crypto';
import {Identity} from '@semaphore-protocol/identity';
import {generateProof, verifyProof} from '@semaphore-protocol/proof';
import {WitnessCalculatorBuilder} from 'circom_runtime';
import {keccak256} from 'ethers/crypto';
import {toBeHex} from 'ethers/utils';
import {createRequire} from 'node:module';
import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';
import {poseidon2} from 'poseidon-lite';
import {groth16, zKey} from 'snarkjs';

const DEPTH = 20;
const folder = new URL('node_modules/', import.meta.url);
const artifact = ending =>
  new URL(`@zk-kit/semaphore-artifacts/semaphore-${DEPTH}.${ending}`, folder).pathname;

// Semaphore. The group's path has twenty siblings, the most this circuit takes.
// The identity's scalar is small, so that scalar and order fit into 251 bits together:
// a test needs that.
const identity = new Identity('hufu peers: identity 3, for benchmarks only');
const siblings = Array.from({length: DEPTH}, (_, i) => poseidon2([i, i + 1]));
const index = 0b1011_0010_1110_0101_1010;
const climb = (node, sibling, i) => (index >> i) & 1 ? poseidon2([sibling, node]) : poseidon2([node, sibling]);
const merkleProof = {root: siblings.reduce(climb, identity.commitment), leaf: identity.commitment, index, siblings};

const semaphore = {};

async function openSemaphore() {
  const files = {wasm: artifact('wasm'), zkey: artifact('zkey')};
  // generateProof as an application calls it, which also hashes message and scope.
  semaphore.package = () => generateProof(identity, merkleProof, 'a message', 'a scope', DEPTH, files);
  const made = await semaphore.package();
  const signals = publicSignals(made);
  semaphore.input = {
    secret: identity.secretScalar, merkleProofLength: DEPTH, merkleProofIndex: index,
    merkleProofSiblings: siblings, message: BigInt(signals[2]), scope: BigInt(signals[3]),
  };
  semaphore.signals = signals;
  // The fast path: artifacts in memory, the witness program compiled once.
  const calculator = await WitnessCalculatorBuilder(readFileSync(files.wasm));
  const zkey = {type: 'mem', data: new Uint8Array(readFileSync(files.zkey))};
  semaphore.key = await zKey.exportVerificationKey(zkey);
  semaphore.constraints = constraints(zkey.data);
  semaphore.prove = async () => {
    const witness = await calculator.calculateWTNSBin(semaphore.input, 0);
    return groth16.prove(zkey, {type: 'mem', data: witness});
  };
  semaphore.proof = await semaphore.prove();
  semaphore.made = made;
}

// publicSignals are what generateProof proved: Semaphore hashes message and
// scope by Keccak-256 without its lowest byte.
function publicSignals(made) {
  const hash = v => (BigInt(keccak256(toBeHex(BigInt(v), 32))) >> 8n).toString();
  return [made.merkleTreeRoot, made.nullifier, hash(made.message), hash(made.scope)];
}

// constraints counts the rows of a zkey's section 4, which holds one entry a
// coefficient: matrix, row, signal (u32 each) and a value of 32 bytes. One row a
// public input and one for the constant are no constraints of the circuit.
function constraints(zkey) {
  const view = new DataView(zkey.buffer, zkey.byteOffset);
  let at = 12, rows = 0;
  for(let s = view.getUint32(8, true); s > 0; s--) {
    const kind = view.getUint32(at, true), length = Number(view.getBigUint64(at + 4, true));
    at += 12;
    for(let i = at + 4; kind === 4 && i < at + length; i += 44) {
      rows = Math.max(rows, view.getUint32(i + 4, true) + 1);
    }
    at += length;
  }
  return rows - 5;
}

// BBS: 16 messages, of which one is disclosed, with nothing else proved.
const text = s => new TextEncoder().encode(s);
const messages = Array.from({length: 16}, (_, i) => text(`attribute ${i}`));
const disclosed = 2;
const header = text('hufu peers'), presentationHeader = text('n-0S6_WzA2Mj, did:hufu:counter');

async function openPairingCrypto() {
  const suite = pairingCrypto.bbs.bls12381_sha256;
  const {secretKey, publicKey} = await suite.generateKeyPair({ikm: text('a key for benchmarks only, 32 bytes or more')});
  const signature = await suite.sign({secretKey, publicKey, header, messages});
  const marked = messages.map((value, i) => ({value, reveal: i === disclosed}));
  const verify = async (proof, value) => (await suite.verifyProof(
    {publicKey, header, presentationHeader, proof, messages: {[disclosed]: value}})).verified;
  return bbs(() => suite.deriveProof(
    {publicKey, header, presentationHeader, signature, verifySignature: false, messages: marked}), verify);
}

async function openDigitalBazaar() {
  const ciphersuite = jsBBS.CIPHERSUITES.BLS12381_SHA256;
  const {secretKey, publicKey} = await jsBBS.generateKeyPair({ciphersuite});
  const signature = await jsBBS.sign({secretKey, publicKey, header, messages, ciphersuite});
  const verify = (proof, value) => jsBBS.verifyProof({
    publicKey, proof, header, presentationHeader, ciphersuite,
    disclosedMessages: [value], disclosedMessageIndexes: [disclosed],
  });
  return bbs(() => jsBBS.deriveProof({
    publicKey, signature, header, messages, presentationHeader, ciphersuite, disclosedMessageIndexes: [disclosed],
  }), verify);
}

// bbs keeps a proof to verify, and says whether changed ones are refused.
async function bbs(prove, verify) {
  const proof = await prove();
  const changed = proof.slice();
  changed[changed.length - 1] ^= 1;
  return {
    prove, verify: () => verify(proof, messages[disclosed]), bytes: () => proof.length,
    refused: async () => ({
      'changed proof': !await falsely(() => verify(changed, messages[disclosed])),
      'another value': !await falsely(() => verify(proof, text('attribute 3'))),
    }),
  };
}

// falsely is what a verifier answered; throwing is refusing.
async function falsely(verify) {
  try {
    return await verify();
  } catch {
    return false;
  }
}

async function semaphoreRefused() {
  const {proof, publicSignals: signals} = semaphore.proof;
  const refused = {};
  for(const [i, name] of ['root', 'nullifier', 'message', 'scope'].entries()) {
    const changed = signals.slice();
    changed[i] = (BigInt(changed[i]) + 1n).toString();
    refused[name] = !await groth16.verify(semaphore.key, changed, proof);
  }
  refused['changed proof'] = !await groth16.verify(semaphore.key, signals, {...proof, pi_a: proof.pi_c});
  refused['another nullifier in the package'] = !await falsely(
    () => verifyProof({...semaphore.made, nullifier: (BigInt(semaphore.made.nullifier) + 1n).toString()}));
  return refused;
}

function version(name) {
  const require = createRequire(import.meta.url);
  for(const base of require.resolve.paths(name)) {
    try {
      return JSON.parse(readFileSync(`${base}/${name}/package.json`)).version;
    } catch { /* not in this folder */ }
  }
  throw new Error(`no version of ${name}`);
}

const operations = {
  versions: () => ({
    node: process.version,
    ...Object.fromEntries(['snarkjs', '@semaphore-protocol/proof', '@mattrglobal/pairing-crypto',
      '@digitalbazaar/bbs-signatures'].map(name => [name, version(name)])),
  }),
  'semaphore inputs': () => ({
    secret: semaphore.input.secret, length: DEPTH, index, siblings, public: semaphore.signals,
    constraints: semaphore.constraints,
  }),
  'semaphore prove': async () => {
    semaphore.proof = await semaphore.prove();
    return semaphore.proof.publicSignals;
  },
  'semaphore package': async () => {
    semaphore.made = await semaphore.package();
  },
  'semaphore verify': () => groth16.verify(semaphore.key, semaphore.proof.publicSignals, semaphore.proof.proof),
  'semaphore package verify': () => verifyProof(semaphore.made),
  'semaphore bytes': () => semaphore.made.points.length * 32,
  'semaphore refused': semaphoreRefused,
};

function adopt(name, bbs) {
  for(const what of ['prove', 'verify', 'bytes', 'refused']) {
    operations[`${name} ${what}`] = what === 'prove' ? async () => void await bbs.prove() : bbs[what];
  }
}

async function answer(line) {
  const {do: name, times} = JSON.parse(line);
  const operation = operations[name];
  if(!operation) {
    throw new Error(`no operation ${name}`);
  }
  let value;
  const begin = process.hrtime.bigint();
  for(let i = 0; i < times; i++) {
    value = await operation();
  }
  const ns = Number(process.hrtime.bigint() - begin) / times;
  globalThis.gc?.(); // so that this side is quiet in the other's turn
  return {ns, value};
}

await openSemaphore();
adopt('bbs-wasm', await openPairingCrypto());
adopt('bbs-js', await openDigitalBazaar());

const write = v => process.stdout.write(
  JSON.stringify(v, (_, x) => typeof x === 'bigint' ? x.toString() : x) + '\n');
for await (const line of createInterface({input: process.stdin})) {
  try {
    write(await answer(line));
  } catch(e) {
    write({error: String(e.message ?? e)});
  }
}
process.exit(0); // snarkjs keeps its workers alive
