package doc

// The shapes of policy-language.md 1 to 7. The order of keys is the order in
// which fmt writes them.

var (
	names   = many(gName)
	classes = many(gClass)

	shapeSpan = one(gSpan)

	// rule 5: a list of facts is all of them; any may stand in it, or alone, and
	// holds names, or one all.
	shapeAny = []key{need("any", &shape{item: &shape{scalar: gName, keys: []key{
		need("all", names, "all of these, as one of the alternatives"),
	}}}, "one of these")}
	shapeHold = &shape{name: "hold", keys: shapeAny, item: &shape{scalar: gName, keys: shapeAny}}

	shapeTreatments = &shape{name: "see", keys: seeKeys()}
	shapeSee        = &shape{scalar: gName, keys: seeKeys()}

	shapeWithin = &shape{name: "within", scalar: gWhole, keys: []key{
		may("of", soloOr(gName), "facts or conditions: no more than all of them name"),
		may("back", shapeSpan, "how far back from now"),
		may("place", one(gPlace), "department or facility of the caller"),
	}}

	shapeLend = &shape{name: "lend", keys: []key{
		need("for", shapeSpan, "how long the grant lasts"),
		need("approve", names, "roles or positions: one person from each says yes"),
		may("reasons", many(gText), "the only reasons there are; any text when not written"),
		may("patients", one(gCount), "for how many patients; 1 when not written"),
	}}

	shapeLine = &shape{name: "line", block: true, keys: lineKeys()}

	shapeFind = &shape{name: "find", keys: []key{
		need("by", classes, "what a patient may be looked up by"),
		need("at-least", one(gCount), "how many of them must be given, two or more"),
		need("show", shapeTreatments, "what the answer shows"),
	}}

	shapeGlass = &shape{name: "break-glass", keys: []key{
		need("for", shapeSpan, "how long the glass stays broken"),
		need("review", shapeSpan, "within what time somebody looks at it"),
		may("reasons", many(gText), "the only reasons there are; any text when not written"),
	}}

	shapeLimits = &shape{name: "limits", keys: []key{
		may("results", one(gCount), "how many results a search shows"),
		may("patients", one(gRate), "how many patients may be opened"),
		may("asks", one(gRate), "how many masked values may be asked for"),
		may("requests", one(gRate), "how many requests may be made"),
		may("rows", one(gCount), "how many rows an export takes out"),
		may("export", one(gExport), "where an export goes; none when not written"),
	}}

	shapeTask = &shape{name: "task", block: true, keys: []key{
		need("title", one(gText), "what the task is, in a few words"),
		need("purpose", one(gPurpose), "one purpose of the organization"),
		may("to", names, "who receives it in the end, besides the caller's own affiliation"),
		may("exempt", one(gExempt), "the exception of 45 CFR 164.502(b)(2) that applies"),
		need("do", many(gVerb), "what may be done"),
		may("while", shapeHold, "the facts that must hold"),
		may("see", shapeSee, "how each class shows, or the name of a view"),
		may("marked", classes, "shows records with these overlays too"),
		may("within", shapeWithin, "which records"),
		may("lend", shapeLend, "only by a grant"),
		may("find", shapeFind, "how to look for a patient the task does not yet count for"),
		may("limits", shapeLimits, "how much"),
		may("obligations", many(gObligation), "what the door must do"),
		may("references", one(gReferences), "shown or resolve"),
		may("also", &shape{item: shapeLine, block: true}, "further lines"),
		may("break-glass", shapeGlass, "in an emergency"),
		may("justify", one(gText), "why so much is needed, 45 CFR 164.514(d)(5)"),
		may("say", one(gSay), "one or two sentences for staff"),
	}}

	shapeRole = &shape{name: "role", block: true, keys: []key{
		need("role", one(gName), "the name of the file"),
		need("title", one(gText), "what the role is called"),
		may("held-by", one(gHeldBy), "people, programs or individuals"),
		need("owner", one(gName), "the position that answers for the role"),
		need("review", shapeSpan, "how often the role is looked at, at most 12 months"),
		may("views", &shape{entry: shapeTreatments, keyAs: gName, block: true}, "sees that several tasks of this file share"),
		need("tasks", &shape{entry: shapeTask, keyAs: gName, block: true}, "each with one purpose"),
		may("never", classes, "what no line, grant or glass of this role shows"),
		need("say", one(gSay), "one or two sentences for staff"),
	}}
)

func seeKeys() []key {
	return []key{
		may("keep", classes, "shown as it is"),
		may("last4", classes, "the last four characters; numbers only"),
		may("coarse", classes, "year, ZIP3, code group"),
		may("token", classes, "a surrogate"),
		may("mask", classes, "that it is there, and nothing else"),
		may("ask", classes, "masked until asked for with a reason"),
		may("omit", classes, "not there"),
	}
}

func lineKeys() []key {
	return []key{
		may("while", shapeHold, "facts that must hold besides those of the task"),
		may("do", many(gVerb), "what may be done; read when not written"),
		may("see", shapeSee, "how each class shows; the task's when not written"),
		may("marked", classes, "shows records with these overlays too"),
		may("within", shapeWithin, "which records; the task's when not written"),
		may("lend", shapeLend, "only by a grant"),
	}
}

var shapeOrganization = &shape{name: "organization", block: true, keys: []key{
	need("organization", one(gName), "its name"),
	need("title", one(gText), "what it is called"),
	need("time-zone", one(gZone), "days and months are those of this zone"),
	need("purposes", &shape{entry: many(gCode), keyAs: gName, block: true}, "purpose to HL7 codes; the first is recorded"),
	may("watch", classes, "overlays that hide nothing but alert at each opening"),
	need("positions", over(gName), "they own and approve"),
	may("ask", &shape{keys: []key{need("for", shapeSpan, "")}}, "how long an asked value stays open; 15 minutes"),
	may("find", &shape{keys: []key{need("for", shapeSpan, "")}}, "how long a found patient stays found; 30 minutes"),
	may("break-glass", &shape{keys: []key{
		may("for", shapeSpan, "8 hours when not written"),
		may("patients", one(gRate), "5 per day when not written"),
		may("review", shapeSpan, "72 hours when not written"),
		may("over", one(gOver), "alarm when not written"),
		may("overdue", one(gOverdue), "report when not written"),
		may("hold", names, "with overdue: hold, the roles that an overdue review holds back; every role when not written"),
		may("tell", names, "positions that hear of it; care-team: whoever is assigned to the patient"),
	}}, "ceilings of every role"),
	may("exceptions", &shape{keys: []key{
		need("for", shapeSpan, "how long"),
		may("patients", one(gCount), "for how many patients; 1 when not written"),
		need("approve", names, "roles or positions: one person from each says yes"),
	}}, "one more field; none when not written"),
	may("small-cells", one(gCount), "smallest count that leaves; 11 when not written, and at least"),
	may("conflicts", &shape{block: true, item: &shape{block: true, keys: []key{
		need("roles", names, "who holds two of these holds neither"),
		need("say", one(gSay), "why, for staff"),
	}}}, "roles that nobody holds together"),
	may("approvals", &shape{keys: []key{
		may("answer", shapeSpan, "how long an approver has"),
		may("substitutes", &shape{entry: one(gName), keyAs: gName}, "position to position"),
		may("escalate-to", one(gName), "who hears when nobody answers"),
	}}, "what happens when nobody answers"),
	may("programs", &shape{block: true, keyAs: gName, entry: &shape{block: true, keys: []key{
		need("title", one(gText), "what the program is"),
		need("owner", one(gName), "the position that answers for it"),
		need("role", one(gName), "its one role"),
		need("task", one(gName), "its one task"),
		may("partner", one(gName), "whose program it is"),
		need("key", one(gKey), "how it proves who it is"),
		need("rotate", shapeSpan, "how often its key changes"),
	}}}, "one program, one task"),
}}

var shapeConditions = &shape{name: "conditions", block: true, keys: []key{
	may("sources", &shape{block: true, keyAs: gName, entry: &shape{keys: []key{
		need("title", one(gText), "what the source is"),
		need("fresh", shapeSpan, "older facts do not permit"),
		need("programs", many(gToken), "token subjects that may state its facts"),
	}}}, "where facts come from"),
	may("facts", &shape{block: true, keyAs: gName, entry: &shape{block: true, keys: []key{
		need("means", one(gText), "one sentence"),
		need("about", one(gAbout), "caller: for all patients; patient: for the named one"),
		need("from", names, "sources that may state it"),
		may("carries", many(gCarries), "what `of` may narrow to"),
		may("values", &shape{entry: one(gValueType), keyAs: gName}, "what `where` may read"),
	}}}, "what sources state"),
	may("conditions", &shape{block: true, keyAs: gName, entry: &shape{block: true, needOne: []string{"any", "all", "fact"}, keys: []key{
		need("means", one(gText), "one sentence"),
		may("any", names, "one of these holds"),
		may("all", names, "all of these hold"),
		may("fact", one(gName), "this fact holds"),
		may("where", one(gWhere), "and this is true of it"),
	}}}, "what we make of them"),
}}

var shapeRestrictions = &shape{name: "restrictions", block: true, keys: []key{
	need("restrictions", &shape{block: true, keyAs: gName, entry: &shape{block: true, keys: []key{
		need("title", one(gText), "what it is called"),
		need("cite", one(gText), "law or agreement it comes from"),
		need("hide", &shape{scalar: gEverything, item: one(gClass)}, "classes, overlays, or everything"),
		may("of", one(gName), "only what this fact names"),
		may("while", shapeHold, "bites while this holds or is unknown"),
		may("unless", shapeHold, "lets go only while this holds for sure"),
		may("to", names, "bites only for these recipients"),
		may("purposes", many(gPurpose), "bites only for these purposes"),
		may("obligations", many(gObligation), "on what shows because `unless` holds"),
		need("say", one(gSay), "one or two sentences for staff"),
	}}}, "what beats every task"),
}}

var shapeDisclosure = &shape{name: "disclosure", block: true, keys: []key{
	need("disclosure", one(gName), "the name of the file"),
	need("title", one(gText), "what it is called"),
	need("owner", one(gName), "the position that answers for it"),
	need("review", shapeSpan, "how often it is looked at, at most 12 months"),
	need("to", names, "recipients"),
	need("purpose", one(gPurpose), "one purpose of the organization"),
	need("permission", one(gText), "citation"),
	may("flow", one(gFlow), "disclosure, or request: what we ask of others, 45 CFR 164.514(d)(4)"),
	may("exempt", one(gExempt), "the exception of 45 CFR 164.502(b)(2) that applies"),
	may("reliance", one(gReliance), "whose word on the minimum is relied on"),
	may("while", shapeHold, "the facts that must hold"),
	may("verify", over(gText), "sentences that a clerk ticks, all of them"),
	may("refuse", over(gText), "sentences of which none may be true"),
	may("pause", over(gText), "sentences of which one stops the release"),
	may("escalate-to", one(gName), "who decides then"),
	need("see", shapeTreatments, "how each class shows"),
	may("marked", classes, "shows records with these overlays too"),
	may("within", shapeWithin, "which records"),
	may("also", &shape{block: true, item: &shape{name: "release-line", block: true, keys: []key{
		may("while", shapeHold, "facts that must hold besides"),
		may("see", shapeTreatments, "how each class shows; the disclosure's when not written"),
		may("marked", classes, "shows records with these overlays too"),
		may("within", shapeWithin, "which records; the disclosure's when not written"),
	}}}, "further lines"),
	may("never", classes, "what no line of it shows"),
	need("deliver", many(gChannel), "channels"),
	may("act-within", shapeSpan, "how soon"),
	need("accounting", one(gYesNo), "whether it is counted, 45 CFR 164.528"),
	may("approve", names, "one person from each; none: routine"),
	may("obligations", many(gObligation), "what the desk must do"),
	may("script", one(gText), "what to say to the requester"),
	may("justify", one(gText), "why so much is needed, 45 CFR 164.514(d)(5)"),
	may("say", one(gSay), "one or two sentences for staff"),
}}

var shapePartner = &shape{name: "partner", block: true, keys: []key{
	need("partner", one(gName), "the name of the file"),
	need("title", one(gText), "what it is called"),
	need("kind", one(closed("a recipient", recipients...)), "what it is to us"),
	need("owner", one(gName), "the position that answers for it"),
	need("contract", &shape{keys: []key{
		need("id", one(gContract), "its number"),
		need("from", one(gDate), "first day"),
		need("until", one(gDate), "last day"),
		need("review", shapeSpan, "how often it is looked at"),
	}}, "what it rests on"),
	need("purposes", many(gPurpose), "what for"),
	need("may-see", classes, "the ceiling"),
	may("marked", classes, "overlays within the ceiling"),
	may("never", classes, "taken from the ceiling"),
	may("roles", names, "whose holders can be its people"),
	may("programs", names, "its programs"),
	may("subcontractors", names, "who else gets it"),
	may("at-end", &shape{keys: []key{
		need("close-access", shapeSpan, "how soon access closes"),
		need("return-or-destroy", shapeSpan, "how soon data is returned or destroyed"),
	}}, "when the contract ends"),
	need("say", one(gSay), "one or two sentences for staff"),
}}

var shapeCatalog = &shape{name: "catalog", block: true, needOne: []string{"extensions", "database"}, keys: []key{
	may("extensions", &shape{entry: one(gClass), keyAs: gURL, block: true}, "own FHIR extensions: address to class"),
	may("database", one(gName), "the name of the file"),
	may("tables", &shape{block: true, keyAs: gTable, entry: &shape{block: true, keys: []key{
		may("patient", one(gColumn), "the column that names the patient"),
		may("encounter", one(gColumn), "the column that names the visit"),
		may("date", one(gColumn), "the column of the main date"),
		may("department", one(gColumn), "the column that names the department"),
		may("overlays", one(gColumn), "the column that holds the overlays"),
		may("lasting", one(gYesNo), "rows have neither visit nor date"),
		need("columns", &shape{entry: one(gClass), keyAs: gColumn, block: true}, "column to class; what is not listed is not there"),
	}}}, "schema.table"),
}}

var shapeTests = &shape{name: "tests", block: true, keys: []key{
	may("role", one(gName), "the role of all cases that do not say as"),
	need("cases", &shape{block: true, item: &shape{block: true, keys: []key{
		need("name", one(gText), "what the case shows"),
		need("given", shapeGiven, "what is true"),
		need("expect", &shape{name: "expect", scalar: gExpected, entry: one(gTreatment), keyAs: gClass}, "class to Treatment, nothing, or refused"),
	}}}, "given and expect"),
}}

var shapeGiven = &shape{name: "given", keys: []key{
	may("as", soloOr(gName), "role or roles"),
	may("task", one(gTaskRef), "the task that is named"),
	may("purpose", one(gStated), "the purpose or code that is stated"),
	may("disclosure", one(gName), "the disclosure at the desk"),
	may("to", names, "recipients"),
	may("do", one(gVerb), "read when not written"),
	may("facts", &shape{maybe: true, item: &shape{scalar: gName, single: true, keyAs: gName, entry: shapeCarried}}, "facts that hold; all others do not"),
	may("unknown", maybe(gName), "facts that nobody knows"),
	may("broken-glass", one(gYesNo), "no when not written"),
	may("marked", maybe(gClass), "overlays of the record"),
	may("asked", maybe(gClass), "classes that were asked for"),
	may("lent", &shape{scalar: gYesNo, item: one(gClass)}, "no, yes, or classes and overlays of an exception"),
	may("record", &shape{keys: []key{
		may("of", maybe(gName), "facts whose object it belongs to"),
		may("age", shapeSpan, "how long ago its main date is"),
		may("place", one(gRecordAt), "department, facility or elsewhere"),
		may("lasting", one(gYesNo), "no when not written"),
	}}, "how the record lies; within everything when not written"),
}}

// shapeCarried is what a fact of a case carries, and its values.
var shapeCarried = &shape{name: "carried", maybe: true, keyAs: gName, keys: []key{
	may("classes", maybe(gClass), "the classes it carries"),
	may("marked", maybe(gClass), "the overlays it carries"),
}, entry: one(gValue)}
