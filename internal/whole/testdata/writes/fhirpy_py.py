# PyPI fhirpy. Usage: python fhirpy_py.py BASE TOKEN PATIENT OTHER
#
# It shows no header of an answer and sends PATCH only as a form that R4 does not know, so
# that a tag is had from a batch, and a change goes as a batch with ifMatch.
import json
import sys

from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import BaseFHIRError

import records as r

base, token, patient, other = sys.argv[1:]
client = SyncFHIRClient(base, authorization="Bearer " + token)
got = {}


def refused(call):
    try:
        call()
        return None
    except BaseFHIRError as e:
        return type(e).__name__


STATUS = {"ResourceNotFound": 404, "ForbiddenError": 403, "OperationOutcome": 422, None: 0}  # by what it raises


def send(bundle):
    return client.execute("", data=bundle)


def entry(method, record=None, url=None, tag=None):
    request = {"method": method, "url": url or f"{record['resourceType']}/{record['id']}", **({"ifMatch": tag} if tag else {})}
    return {"request": request, **({"resource": record} if record else {})}


def tagged(url):
    one = send(r.bundle("batch", entry("GET", url=url)))["entry"][0]
    return json.loads(json.dumps(one["resource"])), one["response"]["etag"]


def put(record, tag):
    return r.statuses(send(r.bundle("batch", entry("PUT", record, tag=tag))))[0]


def status(code):
    return 0 if code < 300 else code




def resource(record, by=client):
    return by.resource(record["resourceType"], **{k: v for k, v in record.items() if k != "resourceType"})


made = resource(r.weight(patient, 60.5))
made.save()
got["made"] = made.id
got["read"] = client.reference("Observation", made.id).to_resource()["valueQuantity"]["value"]

shown, before = tagged(f"Patient/{patient}")
got["seen"] = json.dumps(shown)
shown["name"][0]["family"] = "After"
shown["identifier"][0]["value"] = "m2"  # in a list that holds one more, which is hidden
put(shown, before)
got["changed"] = client.reference("Patient", patient).to_resource()["name"][0]["family"]
shown["name"][0]["family"] = "Later"
got["stale"] = status(put(shown, before))
got["untagged"] = status(put(shown, None))

if refused(lambda: resource(shown).save()) is None:
    raise SystemExit("an update without a tag went through")
if refused(lambda: client.patch("Patient", patient, gender="other")) is None:
    raise SystemExit("a patch of no kind that R4 knows went through")

careful = SyncFHIRClient(base, authorization="Bearer " + token, extra_headers={"If-None-Exist": r.unless(patient)})
for name in ("first", "second"):
    unique = resource(r.asthma(patient), careful)
    unique.save()
    got[name] = unique.id


def changed(**members):
    read, tag = tagged(f"Observation/{made.id}")
    return status(put({**read, **members}, tag))


got["moved"] = changed(subject={"reference": f"Patient/{other}"})
got["labelled"] = changed(meta={"security": r.label()})
got["elsewhere"] = STATUS[refused(lambda: resource(r.weight(other, 70.5)).save())]

got["transaction"] = r.locations(send(r.together(patient)))
got["half"] = STATUS[refused(lambda: send(r.half(patient, other)))]
got["batch"] = r.statuses(send(r.each(patient, other)))
print(json.dumps(got))
