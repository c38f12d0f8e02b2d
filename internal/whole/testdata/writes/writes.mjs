// What every client library of JavaScript is asked to write, in Node and in a page. lib
// is the library behind one shape: create, read, update, jsonPatch, fhirPathPatch, send.
export async function writes(lib, patient, other) {
  const subject = { reference: `Patient/${patient}` };
  const got = {};

  const made = await lib.create(weight(subject, 60.5));
  got.made = made.id;
  const read = await lib.read("Observation", made.id);
  got.read = read.body.valueQuantity.value;

  const shown = await lib.read("Patient", patient);
  got.seen = JSON.stringify(shown.body);
  const after = structuredClone(shown.body);
  after.name[0].family = "After";
  after.identifier[0].value = "m2"; // in a list that holds one more, which is hidden
  await lib.update(after, shown.tag);
  got.changed = (await lib.read("Patient", patient)).body.name[0].family;

  const later = structuredClone(after);
  later.name[0].family = "Later";
  got.stale = await refused(lib.update(later, shown.tag));
  got.untagged = await refused(lib.update(later));

  await lib.jsonPatch(`Patient/${patient}`, [{ op: "replace", path: "/gender", value: "male" }]);
  await lib.fhirPathPatch(`Patient/${patient}`, {
    resourceType: "Parameters",
    parameter: [{ name: "operation", part: [{ name: "type", valueCode: "replace" }, { name: "path", valueString: "Patient.birthDate" }, { name: "value", valueDate: "1951-06-07" }] }],
  });
  const patched = (await lib.read("Patient", patient)).body;
  got.jsonPatch = patched.gender;
  got.fhirPathPatch = patched.birthDate;

  const unless = { "If-None-Exist": `patient=Patient/${patient}&code=http://snomed.info/sct|195967001` };
  got.first = (await lib.create(asthma(subject), unless)).id;
  got.second = (await lib.create(asthma(subject), unless)).id;

  const moved = structuredClone(read.body);
  moved.subject.reference = `Patient/${other}`;
  got.moved = await refused(lib.update(moved, read.tag));
  const labelled = structuredClone(read.body);
  labelled.meta = { ...labelled.meta, security: [{ system: "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", code: "U" }] };
  got.labelled = await refused(lib.update(labelled, read.tag));
  got.elsewhere = await refused(lib.create(weight({ reference: `Patient/${other}` }, 70.5)));

  const done = await lib.send({
    resourceType: "Bundle", type: "transaction",
    entry: [
      { fullUrl: "urn:uuid:5c5e0d9e-0a4f-4ab5-8a2c-0d5d7b6f3a01", resource: asthma(subject, "Exercise"), request: { method: "POST", url: "Condition" } },
      { resource: finding(subject, "urn:uuid:5c5e0d9e-0a4f-4ab5-8a2c-0d5d7b6f3a01"), request: { method: "POST", url: "Observation" } },
    ],
  });
  got.transaction = done.entry.map((e) => e.response.location);
  const none = { resourceType: "Bundle", type: "transaction", entry: [
    { resource: weight(subject, 80.5), request: { method: "POST", url: "Observation" } },
    { resource: weight({ reference: `Patient/${other}` }, 81.5), request: { method: "POST", url: "Observation" } },
  ] };
  got.half = await refused(lib.send(none));
  const batch = await lib.send({
    resourceType: "Bundle", type: "batch",
    entry: [
      { request: { method: "GET", url: `Patient/${patient}` } },
      { request: { method: "GET", url: `Patient/${other}` } },
      { resource: weight(subject, 61.5), request: { method: "POST", url: "Observation" } },
    ],
  });
  got.batch = batch.entry.map((e) => Number.parseInt(e.response.status, 10));
  return got;

  // refused gives the status of a refusal, and 0 where there is none.
  function refused(promise) {
    return promise.then(() => 0, (e) => lib.status(e));
  }
}

function weight(subject, value) {
  return {
    resourceType: "Observation", status: "final",
    category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }],
    code: { coding: [{ system: "http://loinc.org", code: "29463-7" }] }, subject, effectiveDateTime: "2026-11-23", valueQuantity: { value, unit: "kg" },
  };
}

function finding(subject, focus) {
  return { ...weight(subject, 62.5), focus: [{ reference: focus }] };
}

function asthma(subject, text) {
  return {
    resourceType: "Condition", clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/condition-clinical", code: "active" }] },
    code: text ? { text } : { coding: [{ system: "http://snomed.info/sct", code: "195967001" }] }, subject,
  };
}
