// Gives a page the CommonJS modules that fhir-kit-client imports, as a bundler would:
// each file as it is, with what it requires.
const where = { "./common": "debug/src/common.js", ms: "ms/index.js" };

export async function load(path) {
  const source = await (await fetch(`/lib/${path}`)).text();
  const needs = {};
  for (const [, name] of source.matchAll(/require\(['"]([^'"]+)['"]\)/g)) {
    if (where[name]) needs[name] = await load(where[name]);
  }
  const module = { exports: {} };
  new Function("module", "exports", "require", source)(module, module.exports, (name) => needs[name]);
  return module.exports;
}
