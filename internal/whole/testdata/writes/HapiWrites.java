// HAPI's client, on the class path of the FHIR server's build.
// Usage: java -cp "LIB/*" HapiWrites.java BASE TOKEN PATIENT OTHER
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.interceptor.BearerTokenAuthInterceptor;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hl7.fhir.r4.model.*;

public class HapiWrites {
    static final String NEW = "urn:uuid:5c5e0d9e-0a4f-4ab5-8a2c-0d5d7b6f3a01";
    static final Map<String, Object> got = new LinkedHashMap<>();
    static IGenericClient client;

    public static void main(String[] args) throws Exception {
        FhirContext r4 = FhirContext.forR4();
        client = r4.newRestfulGenericClient(args[0]);
        client.registerInterceptor(new BearerTokenAuthInterceptor(args[1]));
        IParser json = r4.newJsonParser();
        String patient = args[2], other = args[3];

        String made = client.create().resource(weight(patient, "60.5")).execute().getId().getIdPart();
        got.put("made", made);
        Observation read = client.read().resource(Observation.class).withId(made).execute();
        got.put("read", read.getValueQuantity().getValue());

        // The client keeps the tag as the version of the id, and sends it as If-Match.
        Patient shown = client.read().resource(Patient.class).withId(patient).execute();
        got.put("seen", json.encodeResourceToString(shown));
        shown.getNameFirstRep().setFamily("After");
        shown.getIdentifierFirstRep().setValue("m2"); // in a list that holds one more, which is hidden
        client.update().resource(shown).execute();
        got.put("changed", client.read().resource(Patient.class).withId(patient).execute().getNameFirstRep().getFamily());
        shown.getNameFirstRep().setFamily("Later");
        got.put("stale", refused(() -> client.update().resource(shown).execute()));
        got.put("untagged", refused(() -> client.update().resource(shown).withId(patient).execute()));

        client.patch().withBody("[{\"op\":\"replace\",\"path\":\"/gender\",\"value\":\"male\"}]").withId("Patient/" + patient).execute();
        client.patch().withFhirPatch(birthDate()).withId("Patient/" + patient).execute();
        Patient patched = client.read().resource(Patient.class).withId(patient).execute();
        got.put("jsonPatch", patched.getGender().toCode());
        got.put("fhirPathPatch", patched.getBirthDateElement().getValueAsString());

        String unless = "Condition?patient=Patient/" + patient + "&code=http://snomed.info/sct|195967001";
        for (String name : List.of("first", "second")) {
            got.put(name, client.create().resource(asthma(patient, null)).conditionalByUrl(unless).execute().getId().getIdPart());
        }

        Observation moved = read.copy();
        moved.setSubject(new Reference("Patient/" + other));
        got.put("moved", refused(() -> client.update().resource(moved).execute()));
        Observation labelled = read.copy();
        labelled.getMeta().addSecurity().setSystem("http://terminology.hl7.org/CodeSystem/v3-Confidentiality").setCode("U");
        got.put("labelled", refused(() -> client.update().resource(labelled).execute()));
        got.put("elsewhere", refused(() -> client.create().resource(weight(other, "70.5")).execute()));

        Observation finding = weight(patient, "62.5");
        finding.addFocus().setReference(NEW);
        Bundle together = bundle(Bundle.BundleType.TRANSACTION, asthma(patient, "Exercise"), finding);
        together.getEntryFirstRep().setFullUrl(NEW);
        List<String> locations = new ArrayList<>();
        for (Bundle.BundleEntryComponent e : client.transaction().withBundle(together).execute().getEntry()) {
            locations.add(e.getResponse().getLocation());
        }
        got.put("transaction", locations);
        Bundle half = bundle(Bundle.BundleType.TRANSACTION, weight(patient, "80.5"), weight(other, "81.5"));
        got.put("half", refused(() -> client.transaction().withBundle(half).execute()));

        Bundle batch = new Bundle().setType(Bundle.BundleType.BATCH);
        for (String p : List.of(patient, other)) {
            batch.addEntry().getRequest().setMethod(Bundle.HTTPVerb.GET).setUrl("Patient/" + p);
        }
        batch.addEntry(bundle(Bundle.BundleType.BATCH, weight(patient, "61.5")).getEntryFirstRep());
        List<Integer> statuses = new ArrayList<>();
        for (Bundle.BundleEntryComponent e : client.transaction().withBundle(batch).execute().getEntry()) {
            statuses.add(Integer.parseInt(e.getResponse().getStatus().split(" ")[0]));
        }
        got.put("batch", statuses);
        System.out.println(new com.fasterxml.jackson.databind.ObjectMapper().writeValueAsString(got));
    }

    interface Call { void run(); }

    static int refused(Call call) {
        try {
            call.run();
            return 0;
        } catch (BaseServerResponseException e) {
            return e.getStatusCode();
        }
    }

    static Bundle bundle(Bundle.BundleType type, Resource... records) {
        Bundle b = new Bundle().setType(type);
        for (Resource r : records) {
            b.addEntry().setResource(r).getRequest().setMethod(Bundle.HTTPVerb.POST).setUrl(r.fhirType());
        }
        return b;
    }

    static Parameters birthDate() {
        Parameters p = new Parameters();
        Parameters.ParametersParameterComponent op = p.addParameter().setName("operation");
        op.addPart().setName("type").setValue(new CodeType("replace"));
        op.addPart().setName("path").setValue(new StringType("Patient.birthDate"));
        op.addPart().setName("value").setValue(new DateType("1951-06-07"));
        return p;
    }

    static Observation weight(String patient, String value) {
        Observation o = new Observation().setStatus(Observation.ObservationStatus.FINAL);
        o.addCategory().addCoding().setSystem("http://terminology.hl7.org/CodeSystem/observation-category").setCode("vital-signs");
        o.getCode().addCoding().setSystem("http://loinc.org").setCode("29463-7");
        o.setSubject(new Reference("Patient/" + patient));
        o.setEffective(new DateTimeType("2026-11-23"));
        return o.setValue(new Quantity().setValue(new java.math.BigDecimal(value)).setUnit("kg"));
    }

    static Condition asthma(String patient, String text) {
        Condition c = new Condition().setSubject(new Reference("Patient/" + patient));
        c.getClinicalStatus().addCoding().setSystem("http://terminology.hl7.org/CodeSystem/condition-clinical").setCode("active");
        if (text != null) {
            c.getCode().setText(text);
        } else {
            c.getCode().addCoding().setSystem("http://snomed.info/sct").setCode("195967001");
        }
        return c;
    }
}
