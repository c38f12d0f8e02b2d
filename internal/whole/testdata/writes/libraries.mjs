// The two client libraries of JavaScript behind the shape that writes.mjs asks for.

// npm fhir-kit-client, given its class.
export function fhirKit(Client, baseUrl, bearerToken) {
  const client = new Client({ baseUrl, bearerToken });
  const fhirJSON = "application/fhir+json";
  return {
    create: (body, headers) => client.create({ resourceType: body.resourceType, body, options: { headers } }),
    async read(resourceType, id) {
      const body = await client.read({ resourceType, id });
      return { body, tag: Client.httpFor(body).response.headers.get("ETag") };
    },
    update: (body, tag) => client.update({ resourceType: body.resourceType, id: body.id, body, options: { headers: tag ? { "If-Match": tag } : {} } }),
    jsonPatch(at, jsonPatch) {
      const [resourceType, id] = at.split("/");
      return client.patch({ resourceType, id, jsonPatch });
    },
    fhirPathPatch: (at, body) => client.request(at, { method: "PATCH", body, options: { headers: { "Content-Type": fhirJSON } } }),
    send: (body) => (body.type === "batch" ? client.batch({ body }) : client.transaction({ body })),
    status: (e) => e.response?.status ?? String(e),
  };
}

// npm fhirclient, given its client of a session.
export function smart(client) {
  return {
    create: (body, headers) => client.create(body, { headers: { "content-type": "application/json", ...headers } }),
    async read(type, id) {
      const { body, response } = await client.request({ url: `${type}/${id}`, includeResponse: true });
      return { body, tag: response.headers.get("ETag") };
    },
    update: (body, tag) => client.update(body, tag ? { headers: { "content-type": "application/json", "If-Match": tag } } : {}),
    jsonPatch: (at, operations) => client.patch(at, operations),
    fhirPathPatch: (url, body) => client.request({ url, method: "PATCH", body: JSON.stringify(body), headers: { "content-type": "application/fhir+json" } }),
    send: (body) => client.request({ url: "/", method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/fhir+json" } }),
    status: (e) => e.status ?? e.statusCode ?? String(e),
  };
}
