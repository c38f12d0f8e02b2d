// Package problem is the one place where an error becomes what a client learns.
//
// The set of problems is closed and each has constant text, so nothing from a
// request, a record, another server or another error can reach a client
// (threat-model S6, FC41, D14). A refusal of the request may carry a [Hint],
// which holds only what the policy says. What is refused because of a record
// looks like absence, to the byte (D8, N4): there is one [NotFound].
package problem

import (
	"context"
	"errors"
	"net/http"
)

// Problem is one thing that a client may learn. It is an error, so that whoever
// knows what the client may learn wraps it: fmt.Errorf("parse: %w", problem.Malformed).
// The zero Problem is Internal.
type Problem struct {
	*kind
	hint *Hint
}

// kind is one member of the closed set.
type kind struct {
	status int
	slug   string // stable name: last part of the type of problem+json, and the code of details
	issue  string // FHIR IssueType, hl7.org/fhir/R4/valueset-issue-type.html
	text   string
}

// The closed set. Text is for a person who can do something about it.
var (
	// Token: whatever was wrong with the token, and also when there was none.
	Token = of(401, "token", "login", "The token was not accepted. Sign in again and send it as: Authorization: Bearer TOKEN.")
	// Malformed: the request breaks the grammar of the door.
	Malformed = of(400, "malformed", "invalid", "The request could not be read. It was not passed on.")
	// Parameter: unknown, not built, or it reads what no line may keep; one text for all (FC01).
	Parameter = of(400, "parameter", "not-supported", "A search parameter or modifier is not available to this task. Remove it, or name a task that may search by it.")
	// Header: a Modicum header repeated, contradictory, malformed or misspelt.
	Header = of(400, "header", "invalid", "A Modicum header is repeated, contradictory, malformed or misspelt. Known are Modicum-Task, Modicum-Purpose, Modicum-Reason and Modicum-Ask, each at most once.")
	// TaskUnstated: the caller's tasks have several purposes and none was named.
	TaskUnstated = of(400, "task-unstated", "required", "Say for which task you ask: Modicum-Task: NAME, or Modicum-Purpose: CODE.")
	// TaskAmbiguous: the named task has different purposes in two of the caller's roles.
	TaskAmbiguous = of(400, "task-ambiguous", "multiple-matches", "Two of your roles have this task for different purposes. Say which: Modicum-Task: ROLE/TASK.")
	// TaskUnknown: no role of the caller has the task or purpose.
	TaskUnknown = of(403, "task-unknown", "forbidden", "None of your roles has this task or purpose, or your token is for another task: modicum login --task TASK.")
	// NoRole: the caller has no role that the policy knows.
	NoRole = of(403, "no-role", "forbidden", "You hold no role of this policy. Ask whoever runs your directory.")
	// RolesInConflict: two of the caller's roles exclude each other.
	RolesInConflict = of(403, "roles-in-conflict", "forbidden", "You hold two roles that nobody may hold together, so neither counts. The privacy officer has been told.")
	// NotForTask: the task does not do this, or shows nothing of it.
	NotForTask = of(403, "not-for-task", "forbidden", "The task that you named does not do this.")
	// NotNow: the task does it, but what is true about the caller now does not suffice.
	NotNow = of(403, "not-now", "forbidden", "The task does this, but not now: what must be true about you, such as your shift or your device, is not known to be true.")
	// Scope: the token's scopes take it away.
	Scope = of(403, "scope", "forbidden", "The scopes of your application do not reach this.")
	// Obligation: this door cannot keep what the task obliges to.
	Obligation = of(403, "obligation", "forbidden", "This task carries an obligation that cannot be kept here. Use another way.")
	// Limit: a limit of the task is used up.
	Limit = of(429, "limit", "throttled", "A limit of this task is used up. It is counted anew with time.")
	// NameAPatient: the scope is too wide to be asked at once.
	NameAPatient = of(400, "name-a-patient", "too-costly", "Your task counts for too many patients to be asked at once. Name a patient.")
	// NotFound: out of scope, hidden or absent; nobody can tell which.
	NotFound = of(404, "not-found", "not-found", "Nothing here for you. If it exists and your task needs it, look at /my what is missing and ask for it; in an emergency break the glass at /glass. Applications: /api/ask, /api/break-glass.")
	// Method: the address exists and does not do this.
	Method = of(405, "method", "not-supported", "This address does not do that.")
	// NotBuilt: an interaction that is not available.
	NotBuilt = of(405, "interaction", "not-supported", "This interaction is not available here. The capability statement lists what is.")
	// Format: an answer was asked for in what is not FHIR JSON.
	Format = of(406, "format", "not-supported", "Only JSON is available.")
	// SearchAgain: the cursor ended, or policy or upstream moved on.
	SearchAgain = of(410, "search-again", "expired", "This page is gone. Search again.")
	// Mixed: of a transaction.
	Mixed = of(400, "mixed", "not-supported", "A transaction reads, or it writes. Send what is to be read afterwards, or in a batch.")
	// Changed: what is shown of the record is not what If-Match says.
	Changed = of(412, "changed", "conflict", "The record is not as your If-Match says. Read it again.")
	// NeedsMatch: a change does not say on what it rests.
	NeedsMatch = of(428, "if-match", "required", "Say on what your change rests: If-Match with the ETag that you got when you read the record.")
	// Conditional: a write with criteria in its address.
	Conditional = of(400, "conditional", "not-supported", "A write with criteria in its address is not done here: search, then write the record by its id.")
	// Mismatch: the body is not the record that the address names.
	Mismatch = of(400, "mismatch", "invalid", "The body is not the record that the address names: resourceType and id must be those of the address.")
	// NotWritable: elements that the task does not write; it names them.
	NotWritable = of(403, "not-writable", "forbidden", "You sent an element that this task does not write. Leave out what you do not see, and what you may not change leave as you got it.")
	// Decides: elements by which the caller's own access is decided; it names them.
	Decides = of(403, "decides-access", "forbidden", "What you sent decides who may see the record, or what you may see yourself. That is not written here.")
	// Incomplete: the record is not one that FHIR allows.
	Incomplete = of(422, "incomplete", "invariant", "The record lacks what FHIR makes mandatory, or holds what cannot stand where it stands.")
	// BadPatch: a patch that cannot be read; it says which operation.
	BadPatch = of(400, "patch", "invalid", "The patch cannot be read. It was not applied.")
	// PatchFails: an operation that cannot be done on what the caller is shown.
	PatchFails = of(422, "patch-fails", "processing", "An operation of the patch cannot be done on the record as this task sees it. Nothing was changed.")
	// NotTaken: the upstream does not take the record.
	NotTaken = of(422, "not-taken", "processing", "The server behind did not take the record. Nothing was changed.")
	// Several: the criteria of a conditional create fit several records.
	Several = of(412, "several", "multiple-matches", "Several records fit the criteria of If-None-Exist. Nothing was made.")
	// InProgress: the same request is being done.
	InProgress = of(409, "in-progress", "conflict", "The same request is being done. Wait for its answer, or send it again later.")
	// KeyReused: an Idempotency-Key came with another request before.
	KeyReused = of(422, "key-reused", "conflict", "This Idempotency-Key came with another request before. Give each request a key of its own.")
	// DoneBefore: the same request was done, and what was answered is not known any more.
	DoneBefore = of(409, "done-before", "conflict", "The same request was done before, and its answer is not known any more. Read what came of it.")
	// WriteUnknown: nobody knows whether the write was done.
	WriteUnknown = of(504, "write-unknown", "timeout", "The server behind did not answer: whether your change was made is not known. Read the record, or send the same request again: it is not done twice.")
	// GlassOfWhom: a request that breaks the glass and names no patient, or several.
	GlassOfWhom = of(400, "glass-of-whom", "required", "The glass is broken for one patient: read the Patient, or name the patient in the search. For a single record, break it at /api/break-glass first.")
	// ProveAgain: the person must prove their presence again (RFC 9470).
	ProveAgain = of(401, "prove-again", "login", "Prove again that it is you, and send the new token within five minutes: modicum login --prove, or max_age where the token is asked for.")
	// PersonAlone: what only a person does, in their own name.
	PersonAlone = of(403, "person-alone", "forbidden", "A person does this, in their own name: no program, no application with scopes, and nobody for somebody else.")
	// NotYours: a right that the caller does not hold.
	NotYours = of(403, "not-yours", "forbidden", "Your duties do not include this.")
	// NoAddress: an address that does not exist, whoever asks.
	NoAddress = of(404, "no-address", "not-found", "There is no such address. The description of what there is: /api/openapi.json.")
	// NoSuchThing: a request, grant or page that does not exist, or is none of the caller's.
	NoSuchThing = of(404, "no-such-thing", "not-found", "There is nothing of this id for you.")
	// Refused: what was asked cannot be done; it says everything that stands in the way.
	Refused = of(422, "refused", "business-rule", "It was not done. What stands in the way is listed.")
	// ChangedMeanwhile: somebody changed it since it was read.
	ChangedMeanwhile = of(409, "changed-meanwhile", "conflict", "It was changed meanwhile. Read it again.")
	// TooLarge: of the request.
	TooLarge = of(413, "too-large", "too-long", "The request is too large.")
	// MediaType: of the request.
	MediaType = of(415, "media-type", "not-supported", "The body has a media type that is not read here.")
	// Busy: too many requests at once.
	Busy = of(429, "busy", "throttled", "Too many requests. Try again later.")
	// Facts: a body of facts is refused; its own report says which lines.
	Facts = of(422, "facts", "invalid", "The facts were refused as a whole; those in force stay.")
	// NotYourFact: a program stated what its sources may not state.
	NotYourFact = of(403, "not-your-fact", "forbidden", "You are not one of the programs that may state these facts. Nothing was taken.")
	// Internal: our own fault.
	Internal = of(500, "internal", "exception", "Something went wrong here. It was recorded under the decision's id.")
	// Upstream: the server behind did not answer properly.
	Upstream = of(502, "upstream", "transient", "The server behind gave no proper answer. It was recorded under the decision's id.")
	// Unavailable: nothing can be decided, fetched within its budget, or recorded.
	Unavailable = of(503, "unavailable", "transient", "Not available now. Try again, or ask for less at a time.")
)

// all is filled by of, for lookups by slug in tests and documentation.
var all []Problem

func of(status int, slug, issue, text string) Problem {
	p := Problem{kind: &kind{status: status, slug: slug, issue: issue, text: text}}
	all = append(all, p)
	return p
}

// All returns the closed set, for documentation.
func All() []Problem { return append([]Problem(nil), all...) }

func (p Problem) known() *kind {
	if p.kind == nil {
		return Internal.kind
	}
	return p.kind
}

// Error returns the constant text.
func (p Problem) Error() string { return p.known().text }

// Status is the HTTP status.
func (p Problem) Status() int { return p.known().status }

// Slug is the stable name.
func (p Problem) Slug() string { return p.known().slug }

// Is makes errors.Is ignore the hint.
func (p Problem) Is(target error) bool {
	t, ok := target.(Problem)
	return ok && t.known() == p.known()
}

// From picks the Problem that a client sees for err. What nobody has given a
// Problem is Internal: unknown errors say nothing (D6).
func From(err error) Problem {
	var p Problem
	if errors.As(err, &p) {
		return p
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return TooLarge
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Unavailable
	}
	return Internal
}
