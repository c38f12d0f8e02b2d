# PyPI fhirclient. Usage: python fhirclient_py.py BASE TOKEN PATIENT OTHER
#
# It has no call for headers of one request and none for PATCH: both are had from its
# session, which is one of the library requests, as its documentation says of headers.
import json
import sys

from fhirclient import client
from fhirclient.models import bundle, condition, observation, patient as patients

import records as r

base, token, patient, other = sys.argv[1:]
server = client.FHIRClient(settings={"app_id": "modicum-test", "api_base": base}).server
server.session.headers["Authorization"] = "Bearer " + token
tags = {}
server.session.hooks["response"].append(lambda answer, **_: tags.update({answer.url: answer.headers.get("ETag")}))
got = {}


def under(headers, call):
    server.session.headers.update(headers)
    try:
        return call()
    finally:
        for name in headers:
            del server.session.headers[name]


def refused(call):
    try:
        call()
        return 0
    except Exception as e:
        return e.response.status_code


def tag(of):
    return tags[base + "/" + of.relativePath()]


def send(kind):
    made = bundle.Bundle(kind)
    return server.post_json("", made.as_json()).json() if made.createPath() is None else made.create(server)


made = observation.Observation(r.weight(patient, 60.5)).create(server)
got["made"] = made["id"]
read = observation.Observation.read(made["id"], server)
got["read"] = read.valueQuantity.value

shown = patients.Patient.read(patient, server)
before = tag(shown)
got["seen"] = json.dumps(shown.as_json())
shown.name[0].family = "After"
shown.identifier[0].value = "m2"  # in a list that holds one more, which is hidden
under({"If-Match": before}, lambda: shown.update(server))
again = patients.Patient.read(patient, server)
got["changed"] = again.name[0].family
shown.name[0].family = "Later"
got["stale"] = under({"If-Match": before}, lambda: refused(lambda: shown.update(server)))
got["untagged"] = refused(lambda: shown.update(server))

unless = {"If-None-Exist": r.unless(patient)}
got["first"] = under(unless, lambda: condition.Condition(r.asthma(patient)).create(server))["id"]
got["second"] = under(unless, lambda: condition.Condition(r.asthma(patient)).create(server))["id"]


def changed(**members):
    read = observation.Observation.read(made["id"], server)
    copy = observation.Observation({**read.as_json(), **members})
    return under({"If-Match": tag(read)}, lambda: refused(lambda: copy.update(server)))


got["moved"] = changed(subject={"reference": f"Patient/{other}"})
got["labelled"] = changed(meta={"security": r.label()})
got["elsewhere"] = refused(lambda: observation.Observation(r.weight(other, 70.5)).create(server))

got["transaction"] = r.locations(send(r.together(patient)))
got["half"] = refused(lambda: send(r.half(patient, other)))
got["batch"] = r.statuses(send(r.each(patient, other)))
print(json.dumps(got))
