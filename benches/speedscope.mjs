// Reads a profile with speedscope's importer: node benches/speedscope.mjs BUNDLE PROFILE, where BUNDLE is the
// script of the npm package, dist/release/speedscope-*.js. It is a page's script without exports; therefore,
// its last statement, which draws the page, is replaced to return the importer.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import vm from "node:vm";

const [bundle, path] = process.argv.slice(2);
const text = readFileSync(bundle, "utf8");
const module = /([\w$]+)={};[\w$]+\(\1,{[^}]*importProfilesFromArrayBuffer/.exec(text)?.[1];
const importer = text.match(`\\([\\w$]+\\(\\),${module}\\)`)?.[0];
const end = text.lastIndexOf("console.log(`speedscope");
if (!importer || end < 0) throw new Error("an unknown version of speedscope");
const script = `${text.slice(0, end)}globalThis.load=()=>${importer};})();`;

// A stand-in for anything in the page that the script accesses or calls.
const anything = new Proxy(function () {}, {
  get: (_, key) => (key === Symbol.toPrimitive ? () => "" : anything),
  apply: () => anything,
  construct: () => anything,
});
Object.assign(globalThis, { window: globalThis, document: anything, localStorage: anything, location: anything });
vm.runInThisContext(script);
const bytes = readFileSync(path);
const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
const group = await globalThis.load().importProfilesFromArrayBuffer(basename(path), buffer);
if (!group) throw new Error("not a profile");
console.log(group.profiles.reduce((sum, profile) => sum + profile.getTotalWeight(), 0));
