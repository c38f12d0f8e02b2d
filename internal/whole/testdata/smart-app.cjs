// A small SMART application (npm fhirclient): it launches by itself, reads and writes.
// Usage: node smart-app.cjs ISS CLIENT SCOPE. Prints READY and its address.
const { createServer } = require("node:http");
const smart = require("fhirclient");

const [iss, clientId, scope] = process.argv.slice(2);
const session = {}; // of its one user

const server = createServer(async (req, res) => {
  req.session = session;
  const path = new URL(req.url, "http://x").pathname;
  try {
    if (path === "/launch") {
      await smart(req, res).authorize({ iss, clientId, scope, redirectUri: `http://${req.headers.host}/app`, pkceMode: "required" });
    } else {
      res.setHeader("Content-Type", "application/json");
      res.end(JSON.stringify(await use(await smart(req, res).ready())));
    }
  } catch (e) {
    res.statusCode = 500;
    res.end(String(e));
  }
});

// status tells a refusal from an answer.
const status = (promise) => promise.then(() => 200, (e) => e.statusCode ?? e.status ?? Number(/\b[45]\d\d\b/.exec(String(e))?.[0] ?? 0));

async function use(client) {
  const id = client.patient.id;
  const patient = await client.patient.read();
  const list = (type) => client.request(`${type}?patient=${id}`, { pageLimit: 0, flat: true }).then((all) => all.map((r) => r.id).sort());
  const made = await client.create({
    resourceType: "AllergyIntolerance", patient: { reference: `Patient/${id}` }, code: { text: "Penicillin" },
    clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] },
  });
  const { body, response } = await client.request({ url: `AllergyIntolerance/${made.id}`, includeResponse: true });
  body.code.text = "Penicillin V";
  await client.request({
    url: `AllergyIntolerance/${made.id}`, method: "PUT", body: JSON.stringify(body),
    headers: { "Content-Type": "application/fhir+json", "If-Match": response.headers.get("ETag") },
  });
  return {
    changed: (await client.request(`AllergyIntolerance/${made.id}`)).code.text,
    patient: id, family: patient.name[0].family, user: client.user.fhirUser,
    conditions: await list("Condition"), observations: await list("Observation"),
    made: made?.id ?? null, allergies: await list("AllergyIntolerance"),
    encounters: await status(client.request(`Encounter?patient=${id}`)),
    stranger: await status(client.request("Patient/p2")),
    procedure: await status(client.create({ resourceType: "Procedure", status: "completed", subject: { reference: `Patient/${id}` } })),
  };
}

server.listen(0, "127.0.0.1", () => console.log(`READY http://127.0.0.1:${server.address().port}`));
