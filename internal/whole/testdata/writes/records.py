# What both client libraries of Python write.


def weight(patient, value):
    return {
        "resourceType": "Observation", "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"reference": f"Patient/{patient}"}, "effectiveDateTime": "2026-11-23",
        "valueQuantity": {"value": value, "unit": "kg"},
    }


def asthma(patient, text=None):
    code = {"text": text} if text else {"coding": [{"system": "http://snomed.info/sct", "code": "195967001"}]}
    active = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]}
    return {"resourceType": "Condition", "clinicalStatus": active, "code": code, "subject": {"reference": f"Patient/{patient}"}}


def unless(patient):
    return f"patient=Patient/{patient}&code=http://snomed.info/sct|195967001"


def label():
    return [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "U"}]


NEW = "urn:uuid:5c5e0d9e-0a4f-4ab5-8a2c-0d5d7b6f3a01"


def post(record, full_url=None):
    entry = {"resource": record, "request": {"method": "POST", "url": record["resourceType"]}}
    return {"fullUrl": full_url, **entry} if full_url else entry


def bundle(kind, *entries):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def together(patient):
    return bundle("transaction", post(asthma(patient, "Exercise"), NEW), post({**weight(patient, 62.5), "focus": [{"reference": NEW}]}))


def half(patient, other):
    return bundle("transaction", post(weight(patient, 80.5)), post(weight(other, 81.5)))


def each(patient, other):
    ask = [{"request": {"method": "GET", "url": f"Patient/{p}"}} for p in (patient, other)]
    return bundle("batch", *ask, post(weight(patient, 61.5)))


def locations(answer):
    return [e["response"]["location"] for e in answer["entry"]]


def statuses(answer):
    return [int(e["response"]["status"].split()[0]) for e in answer["entry"]]
