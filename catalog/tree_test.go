package catalog_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"modicum/catalog"
)

func one(t testing.TB, path string) (catalog.NodeID, *catalog.Node) {
	t.Helper()
	ids := cat.Find(path)
	if len(ids) != 1 {
		t.Fatalf("%s: %d elements, want 1", path, len(ids))
	}
	return ids[0], cat.Node(ids[0])
}

func TestEveryClassPathResolves(t *testing.T) {
	paths := 0
	for _, v := range cat.Classes() {
		for _, path := range v.FHIR {
			paths++
			typ, _, deep := strings.Cut(path, ".")
			if !deep {
				if cat.DefaultClass(resource(t, typ)) != v.Class {
					t.Errorf("%s is not the default class of %s", v.Name, typ)
				}
				continue
			}
			nodes := cat.Find(path)
			if len(nodes) == 0 {
				t.Errorf("%s: no element %s", v.Name, path)
			}
			for _, id := range nodes {
				if n := cat.Node(id); n.Class != v.Class || n.Path != path {
					t.Errorf("%s (%s) has the class %s, want %s", path, n.Path, cat.Name(n.Class), v.Name)
				}
			}
		}
	}
	if paths < 297 {
		t.Errorf("%d paths, want at least the 297 of the reference", paths)
	}
}

func TestEveryTypeHasADefaultClass(t *testing.T) {
	types := cat.Types()
	if len(types) != 146 {
		t.Fatalf("%d types, want 146", len(types))
	}
	for _, typ := range types {
		if !cat.Content().Has(cat.DefaultClass(typ)) {
			t.Errorf("%s: default class %s", cat.TypeName(typ), cat.Name(cat.DefaultClass(typ)))
		}
		if n := cat.Node(cat.Root(typ)); n.Kind != catalog.ResourceRoot || n.Name != cat.TypeName(typ) {
			t.Errorf("%s: root is %s", cat.TypeName(typ), n.Name)
		}
		if again, ok := cat.TypeBytes([]byte(cat.TypeName(typ))); !ok || again != typ {
			t.Errorf("%s is not found again", cat.TypeName(typ))
		}
	}
}

func TestClassOfElements(t *testing.T) {
	for path, want := range map[string]string{
		"Patient.birthDate": "demographics.birth-date", "Patient.active": "admin.patient-record",
		"Patient.address": "demographics.address", "Patient.address.line": "demographics.address.street",
		"Patient.address.period.start": "demographics.address", "Patient.address.postalCode": "demographics.address.postal-code",
		"Patient.contact.name.family": "contact.related-person", "Patient.contact.telecom.value": "contact.related-person",
		"Patient.name.given": "demographics.name", "Patient.identifier.value": "identifiers.other",
		"Patient.identifier.assigner.display": "unknown", "Patient.generalPractitioner": "admin.care-team",
		"Patient.photo.data": "identity.photo", "Patient.text.div": "system.narrative", "Patient.meta.security": "system.metadata",
		"Patient.id": "identifiers.resource-id", "Patient.language": "of-record", "Patient.implicitRules": "unknown",
		"Observation.valueQuantity.value": "of-record", "Observation.code.coding.code": "of-record",
		"Observation.note.text": "clinical.annotation", "Observation.identifier": "identifiers.business",
		"Observation.subject.reference": "of-record", "Observation.subject.display": "unknown",
		"Observation.subject.identifier.value": "unknown", "Flag.identifier": "identifiers.business",
		"Encounter.identifier": "identifiers.visit", "Encounter.period.start": "admin.encounter.dates",
		"Encounter.hospitalization.specialCourtesy": "sensitive.vip", "Encounter.hospitalization.admitSource": "admin.encounter.disposition",
		"Encounter.hospitalization.dietPreference": "clinical.nutrition",
		"Communication.note":                       "admin.communication.content", "Communication.payload.contentAttachment": "admin.communication.content",
		"DocumentReference.content.attachment.url": "clinical.note", "DocumentReference.type": "of-record",
		"Composition.section.section.text": "clinical.note", "Composition.section.entry": "clinical.note",
		"Media.content.data": "clinical.imaging.media", "Consent.sourceAttachment": "clinical.note",
		"Claim.insurance.preAuthRef": "coverage.prior-authorization", "Claim.insurance.identifier": "identifiers.business",
		"Claim.item.detail.unitPrice": "financial.claim.item", "Claim.supportingInfo.valueAttachment": "financial.claim.supporting-info",
		"ExplanationOfBenefit.item.adjudication": "financial.adjudication", "ExplanationOfBenefit.item.detail.adjudication.amount": "financial.adjudication",
		"ClaimResponse.addItem.adjudication": "financial.adjudication",
		"Coverage.identifier":                "coverage.member-id", "Coverage.subscriber.display": "unknown",
		"Practitioner.identifier": "of-record", "Practitioner.telecom": "of-record", "Practitioner.photo": "of-record",
		"Organization.contact.telecom": "of-record", "Location.address.line": "of-record", "Library.content": "of-record",
		"Provenance.signature": "unknown", "AuditEvent.entity.query": "unknown", "AuditEvent.agent.network.address": "identifiers.ip-address",
		"Device.udiCarrier.carrierAIDC": "identifiers.device", "Binary.data": "of-record",
		"RelatedPerson.name": "of-record", "RelatedPerson.identifier": "identifiers.other",
		"Task.input.valueSignature": "unknown", "Task.input.valueString": "of-record", "Task.input.valueAttachment": "clinical.note",
	} {
		for _, id := range cat.Find(path) {
			n := cat.Node(id)
			got := cat.Name(n.Class)
			if n.Class == catalog.OfRecord && want != "of-record" {
				typ, _, _ := strings.Cut(path, ".")
				got = cat.Name(cat.DefaultClass(resource(t, typ)))
			}
			if got != want {
				t.Errorf("%s has the class %s, want %s", path, got, want)
			}
		}
		if cat.Find(path) == nil {
			t.Errorf("no element %s", path)
		}
	}
}

// FC17: what R4 does not define has no node.
func TestFC17UnknownMembersHaveNoNode(t *testing.T) {
	root := cat.Root(resource(t, "Patient"))
	for _, m := range []string{"", "_", "shoesize", "birthdate", "BirthDate", "resourceType", "birthDate ", "name[x]", "deceased", "_name", "__birthDate", "fhir_comments"} {
		if n, sibling := cat.Child(root, []byte(m)); n != 0 || sibling {
			t.Errorf("member %q of Patient is element %d", m, n)
		}
	}
	if n, _ := cat.Child(0, []byte("id")); n != 0 {
		t.Error("no element has children")
	}
	if n, _ := cat.Child(1<<31, []byte("id")); n != 0 {
		t.Error("a number that is no element has children")
	}
	if n := cat.Node(0); n.Class != catalog.Unknown || n.Masked != "" || n.Absent != "" {
		t.Error("no element has a class or a constant")
	}
}

// FC18: the sibling of a primitive is the primitive's element.
func TestFC18SiblingsFollowTheirElement(t *testing.T) {
	root := cat.Root(resource(t, "Patient"))
	birth, _ := one(t, "Patient.birthDate")
	got, sibling := cat.Child(root, []byte("_birthDate"))
	if got != birth || !sibling {
		t.Errorf("_birthDate is element %d (sibling %t), want %d", got, sibling, birth)
	}
	ext, _ := cat.Child(got, []byte("extension"))
	if n := cat.Node(ext); n.Kind != catalog.Extension || n.Class != class(t, "demographics.birth-date") {
		t.Errorf("its extension is a %d of class %s", n.Kind, cat.Name(n.Class))
	}
}

// FC19: a choice element is of one definition, whatever its type.
func TestFC19ChoicesAreOne(t *testing.T) {
	for _, typ := range cat.Types() {
		walk(typ, func(path string, id catalog.NodeID, n *catalog.Node) {
			if n.ChoiceOf == 0 {
				return
			}
			first := cat.Node(n.ChoiceOf)
			if first.Path != n.Path || first.ChoiceOf != n.ChoiceOf {
				t.Errorf("%s: a variant of %s", n.Path, first.Path)
			}
			if n.Masked != first.Masked || n.Absent != first.Absent || n.Mandatory != first.Mandatory {
				t.Errorf("%s: %s and %s have different constants", n.Path, n.Name, first.Name)
			}
			if n.Class != first.Class && n.Masked != "" {
				t.Errorf("%s: variants of several classes and a mask", n.Path)
			}
		})
	}
}

// walk visits every node of a type once.
func walk(typ catalog.Type, visit func(path string, id catalog.NodeID, n *catalog.Node)) {
	seen := map[catalog.NodeID]bool{}
	var down func(path string, n catalog.NodeID)
	down = func(path string, n catalog.NodeID) {
		for _, id := range cat.Children(n) {
			if seen[id] {
				continue
			}
			seen[id] = true
			node := cat.Node(id)
			visit(path+"."+node.Name, id, node)
			down(path+"."+node.Name, id)
		}
	}
	down(cat.TypeName(typ), cat.Root(typ))
}

// FC20: extensions follow their address, and whatever changes the meaning of other
// elements withholds the record.
func TestFC20ExtensionsAndModifiers(t *testing.T) {
	for _, typ := range cat.Types() {
		walk(typ, func(path string, _ catalog.NodeID, n *catalog.Node) {
			isExt := n.Name == "extension" || n.Name == "modifierExtension"
			if isExt && n.Kind != catalog.Extension {
				t.Errorf("%s is no extension", path)
			}
			wants := n.Name == "modifierExtension" || n.Name == "implicitRules" && strings.Count(path, ".") == 1
			if n.Withholds != wants {
				t.Errorf("%s: withholds %t", path, n.Withholds)
			}
		})
	}
	if _, n := one(t, "Patient.extension.valueString"); n.Class != catalog.OfExtension {
		t.Errorf("what an extension holds has the class %s", cat.Name(n.Class))
	}
}

// FC21: narrative has a class of its own on every type.
func TestFC21Narrative(t *testing.T) {
	for _, typ := range cat.Types() {
		for _, id := range cat.Find(cat.TypeName(typ) + ".text") {
			n := cat.Node(id)
			if n.Kind == catalog.Narrative && n.Class != class(t, "system.narrative") {
				t.Errorf("%s: class %s", n.Path, cat.Name(n.Class))
			}
			if n.Masked != "" {
				t.Errorf("%s has a mask: an emptied narrative is not valid", n.Path)
			}
		}
	}
}

// FC22: nobody sees what a reference says about its target; FC30: nor a signature.
func TestFC22ReferencesAndSignaturesAreHidden(t *testing.T) {
	for _, typ := range cat.Types() {
		walk(typ, func(path string, id catalog.NodeID, n *catalog.Node) {
			switch n.Kind {
			case catalog.Reference:
				for _, name := range []string{"display", "identifier"} {
					c, _ := cat.Child(id, []byte(name))
					if c == 0 || cat.Node(c).Class != catalog.Unknown {
						t.Errorf("%s.%s has the class %s", path, name, cat.Name(cat.Node(c).Class))
					}
				}
			}
			if n.Datatype == catalog.DTSignature && n.Class != catalog.Unknown {
				t.Errorf("%s: a signature of class %s", path, cat.Name(n.Class))
			}
		})
	}
}

// FC26: url, title, size and hash of an attachment have its class.
func TestFC26AttachmentsAreHiddenWhole(t *testing.T) {
	for _, typ := range cat.Types() {
		walk(typ, func(path string, id catalog.NodeID, n *catalog.Node) {
			if n.Kind != catalog.Attachment {
				return
			}
			for _, c := range cat.Children(id) {
				if got := cat.Node(c).Class; got != n.Class {
					t.Errorf("%s.%s has the class %s, want %s", path, cat.Node(c).Name, cat.Name(got), cat.Name(n.Class))
				}
			}
		})
	}
}

// Every constant is one JSON member that the tree knows, and holds nothing but the
// reason that it is absent.
func TestConstantsAreValid(t *testing.T) {
	for _, typ := range cat.Types() {
		walk(typ, func(path string, id catalog.NodeID, n *catalog.Node) {
			for _, text := range []string{n.Absent, n.Masked} {
				if text == "" {
					continue
				}
				var members map[string]any
				if err := json.Unmarshal([]byte("{"+text+"}"), &members); err != nil || len(members) != 1 {
					t.Fatalf("%s: %s: %v", path, text, err)
				}
				for name, v := range members {
					if err := onlyReasons(v); err != nil {
						t.Errorf("%s: %s: %v", path, text, err)
					}
					if n.ChoiceOf == 0 && strings.TrimPrefix(name, "_") != n.Name {
						t.Errorf("%s: constant %s", path, name)
					}
				}
			}
			if n.Bound && (n.Absent != "" || n.Masked != "") {
				t.Errorf("%s: a code with a required binding has no valid stand-in", path)
			}
			if n.Kind == catalog.Backbone && n.ChoiceOf == 0 && n.Masked != "" {
				t.Errorf("%s: a mask for a group", path)
			}
		})
	}
}

func onlyReasons(v any) error {
	switch v := v.(type) {
	case []any:
		if len(v) != 1 {
			return fmt.Errorf("%d items", len(v))
		}
		return onlyReasons(v[0])
	case map[string]any:
		if ext, ok := v["extension"]; ok {
			want := []any{map[string]any{"url": catalog.DataAbsentReason, "valueCode": "masked"}}
			if len(v) != 1 || fmt.Sprint(ext) != fmt.Sprint(want) {
				return fmt.Errorf("extension %v", v)
			}
			return nil
		}
		if len(v) == 0 {
			return fmt.Errorf("an empty object")
		}
		for _, c := range v {
			if err := onlyReasons(c); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("a value %v", v)
}

func TestConstantsOfKnownElements(t *testing.T) {
	const masked = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}`
	for path, want := range map[string][2]string{ // absent, masked
		"Patient.birthDate":                     {"", `"_birthDate":` + masked},
		"Patient.gender":                        {"", ""},
		"Patient.name":                          {"", `"name":[` + masked + `]`},
		"Observation.code":                      {`"code":` + masked, `"code":` + masked},
		"Observation.status":                    {"", ""},
		"Condition.subject":                     {`"subject":` + masked, `"subject":` + masked},
		"DocumentReference.content":             {`"content":[{"attachment":` + masked + `}]`, ""},
		"Observation.note":                      {"", `"note":[{"_text":` + masked + `}]`},
		"Appointment.start":                     {`"_start":` + masked, `"_start":` + masked},
		"Observation.valueString":               {"", `"valueQuantity":` + masked},
		"Patient.deceasedBoolean":               {"", `"_deceasedDateTime":` + masked},
		"MedicationRequest.medicationReference": {`"medicationCodeableConcept":` + masked, `"medicationCodeableConcept":` + masked},
		"Task.input.valueString":                {`"valueQuantity":` + masked, ""}, // variants of several classes
		"Patient.link":                          {"", ""},
		"Appointment.participant":               {"", ""}, // its status is a required code
		"Condition.abatementDateTime":           {"", ""}, // con-4
	} {
		_, n := one(t, path)
		if n.Absent != want[0] || n.Masked != want[1] {
			t.Errorf("%s:\n got %s\n and %s\nwant %s\n and %s", path, n.Absent, n.Masked, want[0], want[1])
		}
	}
}

func TestMandatoryAndStructure(t *testing.T) {
	names := func(typ string) (list []string) {
		for _, id := range cat.MandatoryChildren(cat.Root(resource(t, typ))) {
			list = append(list, cat.Node(id).Name)
		}
		return list
	}
	for typ, want := range map[string][]string{
		"Patient": nil, "Observation": {"status", "code"}, "Condition": {"subject"},
		"MedicationRequest": {"status", "intent", "medicationCodeableConcept", "subject"},
		"Appointment":       {"status", "start", "end", "participant"},
	} {
		if got := names(typ); !slices.Equal(got, want) {
			t.Errorf("%s: mandatory %v, want %v", typ, got, want)
		}
	}
	for path, want := range map[string]bool{
		"Observation.id": true, "Observation.status": true, "Observation.code": false, "MedicationRequest.intent": true,
		"Patient.gender": false, "Observation.meta": false, "Patient.contact.gender": false,
	} {
		if _, n := one(t, path); n.Structure != want {
			t.Errorf("%s: structure %t, want %t", path, n.Structure, want)
		}
	}
}

// real-parts: a contact left with nothing but a gender fails pat-1.
func TestAnyOf(t *testing.T) {
	for path, want := range map[string]string{
		"Patient.contact": "name telecom address organization", "Observation.referenceRange": "low high text",
		"Observation.component.referenceRange": "low high text", "Composition.section": "text entry section",
		"Composition.section.section": "text entry section", "AllergyIntolerance": "clinicalStatus verificationStatus",
		"Consent": "policy policyRule", "Organization": "identifier name",
		"MedicationAdministration.dosage": "dose rateRatio rateQuantity", "Condition.stage": "summary assessment",
		"Appointment.participant": "type actor", "Patient.link": "",
	} {
		var id catalog.NodeID
		if typ, ok := cat.Type(path); ok {
			id = cat.Root(typ)
		} else {
			id, _ = one(t, path)
		}
		var got []string
		for _, c := range cat.Node(id).AnyOf {
			got = append(got, cat.Node(c).Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: any of %v, want %s", path, got, want)
		}
	}
}

func TestReferences(t *testing.T) {
	for path, want := range map[string]bool{
		"Observation.subject": true, "Observation.performer": true, "List.entry.item": true, "Observation.encounter": false,
		"Patient.link.other": false, "RelatedPerson.patient": true, "Person.link.target": true, "Device.patient": true,
		"GuidanceResponse.subject": true, "Contract.subject": true, "Provenance.target": true, "Claim.payee.party": true,
		"Observation.note.authorReference": true, "Patient.generalPractitioner": false, "Group.member.entity": true,
		"Observation.extension.valueReference": true,
	} {
		if _, n := one(t, path); n.BearsPatient != want || n.Kind != catalog.Reference {
			t.Errorf("%s: bears a patient %t, want %t", path, n.BearsPatient, want)
		}
	}
	_, n := one(t, "Observation.subject")
	for name, want := range map[string]bool{"Patient": true, "Group": true, "Device": true, "Location": true, "Practitioner": false} {
		if n.Refers.Has(resource(t, name)) != want {
			t.Errorf("Observation.subject may point to %s: want %t", name, want)
		}
	}
	if _, n := one(t, "List.entry.item"); !n.Refers.Has(resource(t, "VisionPrescription")) {
		t.Error("a reference to anything does not point to everything")
	}
}

// policy-language rule 7: who, when, where.
func TestVisitDatePlaceAuthor(t *testing.T) {
	for path, want := range map[string]string{
		"Observation.encounter": "visit", "MedicationAdministration.context": "visit", "DocumentReference.context.encounter": "visit",
		"Claim.item.encounter": "visit", "ChargeItem.context": "visit", "Observation.subject": "", "Encounter.partOf": "",
		"Observation.effectiveDateTime": "date1", "Observation.issued": "", "ServiceRequest.authoredOn": "date1",
		"Claim.created": "date1", "Condition.recordedDate": "date1", "Encounter.period": "date1", "Task.authoredOn": "date1",
		"MedicationRequest.authoredOn": "date2", "MedicationRequest.dosageInstruction.timing.event": "date1",
		"MedicationDispense.whenPrepared": "date2", "Patient.birthDate": "", "Coverage.period": "",
		"Encounter.location.location": "place1", "Encounter.serviceProvider": "place2", "Appointment.participant.actor": "place3",
		"Composition.author": "author", "Condition.recorder": "author", "Procedure.performer.actor": "", "Observation.performer": "author",
	} {
		_, n := one(t, path)
		got := ""
		switch {
		case n.VisitOf:
			got = "visit"
		case n.MainDate != 0:
			got = fmt.Sprint("date", n.MainDate)
		case n.Place != 0:
			got = fmt.Sprint("place", n.Place)
		case n.AuthorOf:
			got = "author"
		}
		if got != want {
			t.Errorf("%s says %q, want %q", path, got, want)
		}
	}
}

func TestTraitsOfTypes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		is    func(catalog.Type) bool
		these string
	}{
		{"lasting", cat.Lasting, "Coverage Endpoint HealthcareService InsurancePlan Location Organization OrganizationAffiliation Patient Person Practitioner PractitionerRole RelatedPerson"},
		{"by proof", cat.ByProof, "Medication Substance"},
		{"denied", cat.DenyByDefault, "AuditEvent Basic Binary Bundle Linkage OperationOutcome Parameters Provenance Subscription"},
		{"denied unless named", cat.DenyUnlessNamed, "AuditEvent Provenance"},
	} {
		var got []string
		for _, typ := range cat.Types() {
			if tt.is(typ) {
				got = append(got, cat.TypeName(typ))
			}
		}
		if strings.Join(got, " ") != tt.these {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.these)
		}
	}
	for name, want := range map[string]bool{
		"Practitioner": true, "Location": true, "InsurancePlan": true, "ResearchStudy": true, "ValueSet": true, "Questionnaire": true,
		"Medication": false, "Substance": false, "Patient": false, "Slot": false, "Group": false, "Device": false, "Person": false, "OperationOutcome": false,
	} {
		if cat.PatientFree(resource(t, name)) != want {
			t.Errorf("%s without a patient: want %t", name, want)
		}
	}
}

func TestShowsOf(t *testing.T) {
	for typ, want := range map[string]struct{ has, lacks string }{
		"Patient":           {"demographics.name identifiers.ssn contact.email identifiers.web-url demographics.sogi demographics.race-ethnicity admin.care-team coverage.member-id", "clinical.lab system.metadata system.narrative identifiers.resource-id sensitive.vip clinical.note clinical.annotation"},
		"Observation":       {"clinical.observation clinical.lab clinical.vital-sign demographics.sogi clinical.annotation clinical.note.psychotherapy", "clinical.note demographics.name system.metadata"},
		"DocumentReference": {"clinical.note-index clinical.note identifiers.business", "clinical.lab"},
		"MeasureReport":     {"quality.measure-report dataset.aggregate", "dataset.limited"},
		"Encounter":         {"admin.encounter.dates identifiers.visit clinical.encounter-reason", "sensitive.vip"},
		"Organization":      {"admin.organization", "identifiers.business contact.phone"},
	} {
		set := cat.ShowsOf(resource(t, typ))
		for _, n := range strings.Fields(want.has) {
			if !set.Has(class(t, n)) {
				t.Errorf("%s cannot show %s", typ, n)
			}
		}
		for _, n := range strings.Fields(want.lacks) {
			if set.Has(class(t, n)) {
				t.Errorf("%s can show %s", typ, n)
			}
		}
	}
	for _, typ := range cat.Types() {
		shows, own := cat.ShowsOf(typ), cat.OwnClasses(typ)
		if !shows.Has(cat.DefaultClass(typ)) || !shows.Covers(own) || !cat.Content().Covers(shows) {
			t.Errorf("%s: shows %d, own %d", cat.TypeName(typ), shows.Len(), own.Len())
		}
	}
	if own := cat.OwnClasses(resource(t, "Observation")); own.Len() != 1 {
		t.Errorf("comments or labels make an Observation: %d classes", own.Len())
	}
}

func TestLastingOnly(t *testing.T) {
	for name, want := range map[string]bool{
		"demographics.name": true, "contact.phone": true, "identifiers.mrn": true, "coverage.plan": true, "admin.provider": true,
		"admin.organization": true, "identity.photo": true, "demographics.sogi": false, "admin.care-team": false, "clinical.lab": false,
		"clinical.note": false, "identifiers.visit": false, "identifiers.vehicle": false, "clinical.note.psychotherapy": false,
	} {
		if cat.LastingOnly(class(t, name)) != want {
			t.Errorf("%s only on lasting types: want %t", name, want)
		}
	}
}

func TestChildDoesNotAllocate(t *testing.T) {
	root := cat.Root(resource(t, "Observation"))
	members := [][]byte{[]byte("valueQuantity"), []byte("_status"), []byte("code"), []byte("nonsense"), []byte("referenceRange")}
	if n := testing.AllocsPerRun(100, func() {
		for _, m := range members {
			cat.Child(root, m)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Every child is found by its own name, and by no other table's.
func TestChildFindsEveryChild(t *testing.T) {
	for n := range cat.NodeCount() {
		for _, id := range cat.Children(catalog.NodeID(n)) {
			node := cat.Node(id)
			if got, sibling := cat.Child(catalog.NodeID(n), []byte(node.Name)); got != id || sibling {
				t.Fatalf("%s: %s is element %d, want %d", cat.Node(catalog.NodeID(n)).Path, node.Name, got, id)
			}
			got, sibling := cat.Child(catalog.NodeID(n), []byte("_"+node.Name))
			if primitive := node.Kind == catalog.Primitive; sibling != primitive || (got == id) != primitive {
				t.Fatalf("%s: _%s is element %d", cat.Node(catalog.NodeID(n)).Path, node.Name, got)
			}
		}
	}
}

func TestCompartment(t *testing.T) {
	if got := cat.Compartment(resource(t, "AllergyIntolerance")); !slices.Equal(got, []string{"patient", "recorder", "asserter"}) {
		t.Errorf("AllergyIntolerance: %v", got)
	}
	for _, outside := range []string{"Device", "GuidanceResponse", "Contract", "Practitioner"} {
		if got := cat.Compartment(resource(t, outside)); got != nil {
			t.Errorf("%s: %v", outside, got)
		}
	}
}
