// Package defect plants known faults of enforcement, so that the tests which are
// to find such faults are seen to find them (threat-model 11, seeded defects).
//
// In what is shipped, [On] is constant: no fault can be chosen and the compiler
// leaves all of it out. Built with the tag leaktest, the environment variable
// MODICUM_DEFECT chooses one fault by name at run time; the name "none" plants
// nothing; without the variable enforcement is off altogether ([Everything]).
//
//	go test -tags leaktest ./internal/twin    # must be red
//
// TestEveryDefectIsKilled runs each of them.
package defect

// Defect is one fault of enforcement, by its name.
type Defect string

// Everything is no fault but the absence of enforcement: whole records are copied.
const Everything Defect = ""

// DoorOpen is the absence of the FHIR door: requests and answers pass as they are.
const DoorOpen Defect = "door-open"

// Faults of the policy's decisions.
const (
	OverlayIgnored      Defect = "overlay-ignored"       // a line shows records whose overlays it does not lift
	LiftsJoined         Defect = "lifts-joined"          // overlays are lifted by two lines together (rule 3)
	NeverIgnored        Defect = "never-ignored"         // what a role never sees is not taken away
	RestrictionIgnored  Defect = "restriction-ignored"   // restrictions do not bite
	UnknownPermits      Defect = "unknown-permits"       // a fact that is unknown holds
	UnknownLetsGo       Defect = "unknown-lets-go"       // a restriction that is unknown does not bite
	UnlessAlwaysHolds   Defect = "unless-always-holds"   // what a restriction needs to let go is not asked
	OfIgnored           Defect = "of-ignored"            // a line shows more than the facts of its `of` name
	WithinIgnored       Defect = "within-ignored"        // `back` and `place` do not narrow
	OnePatientSuffices  Defect = "one-patient-suffices"  // of a record that names two patients the first is asked
	OnePatientRestricts Defect = "one-patient-restricts" // a restriction is asked of the first patient
	CallerFactsIgnored  Defect = "caller-facts-ignored"  // facts about the caller are not asked
	ReadsUnchecked      Defect = "reads-unchecked"       // Admit takes any criterion
	SortsUnchecked      Defect = "sorts-unchecked"       // Admit takes any sort key
	AskShown            Defect = "ask-shown"             // what is under ask shows without asking
	CeilingIgnored      Defect = "ceiling-ignored"       // a partner's ceiling does not narrow
	ConflictKept        Defect = "conflict-kept"         // who holds two roles in conflict holds both
	PurposesJoined      Defect = "purposes-joined"       // tasks of several purposes speak together
	ObligationsIgnored  Defect = "obligations-ignored"   // a task speaks though its obligation cannot be kept
)

// Faults of what a change of policy is said to do (G7).
const (
	EffectWithoutFacts        Defect = "effect-without-facts"        // a line that holds under fewer facts is not told
	EffectWithoutMarks        Defect = "effect-without-marks"        // records of more marks are not told
	EffectWithoutRestrictions Defect = "effect-without-restrictions" // a restriction that goes is not told
	EffectWithoutHolds        Defect = "effect-without-holds"        // a role that an overdue review holds back no more is not told
	EffectWithoutTerms        Defect = "effect-without-terms"        // longer grants and looser approval are not told
	OwnChange                 Defect = "own-change"                  // who proposed a change says yes to it
	OtherIdentity             Defect = "other-identity"              // another identity of the same human being says yes
	ChangeSwapped             Defect = "change-swapped"              // a yes counts for what was not looked at
	OwnGain                   Defect = "own-gain"                    // who gains by a change needs no third person
	LentGain                  Defect = "lent-gain"                   // who gains by what is lent to them needs no third person
	ProposerUnasked           Defect = "proposer-unasked"            // a change comes in force though who proposed it may not any more
	UnnamedGain               Defect = "unnamed-gain"                // what opens to a program, a partner or a recipient needs no third person
	RecipientsUnnamed         Defect = "recipients-unnamed"          // who receives what leaves at the desk gains unsaid where roles gain too
	EffectUnseen              Defect = "effect-unseen"               // a yes does not cover what the change does
	EffectHidden              Defect = "effect-hidden"               // the page of a change does not show what it does
	KeysForgotten             Defect = "keys-forgotten"              // an Idempotency-Key is forgotten at a restart
	KeyLookedUpOnce           Defect = "key-looked-up-once"          // a key that was kept since it was looked for is taken for new
	KeysUncounted             Defect = "keys-uncounted"              // one person's keys take the room of everybody's
	FolderProposes            Defect = "folder-proposes"             // where the folder decides, something is proposed past it
	ChangesForAll             Defect = "changes-for-all"             // programs' API tells anybody what of the policy is proposed
	ChangeUnproved            Defect = "change-unproved"             // at the API a policy is approved without a fresh proof of presence
	RestartAdopts             Defect = "restart-adopts"              // a start puts in force what lies in the folder
	EarlierAtOnce             Defect = "earlier-at-once"             // an earlier policy comes in force by its folder
	LateSwap                  Defect = "late-swap"                   // a policy that comes late is put over a newer one
	SwapTriedOnce             Defect = "swap-tried-once"             // what was agreed on and could not be put in force is not tried again
)

// Faults of the gate.
const (
	CriteriaUnchecked Defect = "criteria-unchecked"  // a record matches though its view does not keep what was read
	HiddenNumberFits  Defect = "hidden-number-fits"  // an identifier or number matches though it is hidden
	HiddenTargetFits  Defect = "hidden-target-fits"  // a reference is a criterion though its target was not shown
	LinkedFits        Defect = "linked-fits"         // a patient fits by a link to one whom the caller may not know of
	StrangerAdmitted  Defect = "stranger-admitted"   // a record of a patient who cannot be told is judged like any other
	AppendNotAwaited  Defect = "append-not-awaited"  // data leaves before the record of it is durable
	OpenedLeftOut     Defect = "opened-left-out"     // what is opened beyond the decision is not recorded
	OutcomeLeftOut    Defect = "outcome-left-out"    // the outcome is not recorded
	RefusalLeftOut    Defect = "refusal-left-out"    // a refusal is not recorded
	AnyTargetProven   Defect = "any-target-proven"   // every reference's target counts as shown
	ProofForAll       Defect = "proof-for-all"       // what was shown to one caller is proven to all
	FindShowsAll      Defect = "find-shows-all"      // a look-up shows what the task sees, not its own `show`
	FindByHidden      Defect = "find-by-hidden"      // a look-up matches on what is not among its `by`
	FoundForEver      Defect = "found-for-ever"      // a found patient stays found
	LimitsIgnored     Defect = "limits-ignored"      // limits on patients and requests do not count
	StaleHolds        Defect = "stale-holds"         // facts that are stale still permit
	ScopesOfAnybody   Defect = "scopes-of-anybody"   // scopes that say patient count for every patient
	ScopeQueryIgnored Defect = "scope-query-ignored" // the query of a granular scope is not asked
	ScopeReadsHidden  Defect = "scope-reads-hidden"  // the query of a granular scope is answered by what is hidden
	CarriedIgnored    Defect = "carried-ignored"     // what a record refers to puts no overlays on it
	CarriedOneHop     Defect = "carried-one-hop"     // of what that refers to in turn nothing is looked up
	ElsewhereIsClean  Defect = "elsewhere-is-clean"  // what cannot be looked up puts no overlays on what refers to it
	ObligationsUntold Defect = "obligations-untold"  // the notice that a restriction asks for is not given
	ScopesOpen        Defect = "scopes-open"         // what a scope covers shows, whatever the policy says
	ProofBeyondScopes Defect = "proof-beyond-scopes" // what one application was shown is proven to all of the person's
	EnforcedObserved  Defect = "enforced-observed"   // a role that is enforced is observed like the others
	LossLeftOut       Defect = "loss-left-out"       // what enforcing would take away is not recorded
)

// Faults of the FHIR door.
const (
	TotalOfUpstream      Defect = "total-of-upstream"      // Bundle.total counts hidden records
	CountOfUpstream      Defect = "count-of-upstream"      // _summary=count counts hidden records
	NextOfUpstream       Defect = "next-of-upstream"       // a next link stands where the upstream has more
	TagOfVersion         Defect = "tag-of-version"         // ETag is made of the version
	CursorForAnybody     Defect = "cursor-for-anybody"     // a cursor opens for another caller or task
	CursorForEver        Defect = "cursor-for-ever"        // a cursor does not age
	CursorOutlives       Defect = "cursor-outlives"        // who left and came back goes on with the search of before
	CursorOutlivesPolicy Defect = "cursor-outlives-policy" // a cursor goes on under another policy
	RoomNotEmptied       Defect = "room-not-emptied"       // a request finds what was looked up for the one before it
	PageNotJudged        Defect = "page-not-judged"        // a later page is decided as if it were asked with the first
	OtherRecordAccepted  Defect = "other-record-accepted"  // a read answers with another record than asked for
	OtherTypeAccepted    Defect = "other-type-accepted"    // a page holds records of another type
	OtherPatientAccepted Defect = "other-patient-accepted" // a page holds records of a patient whom nobody asked for
	VersionsShown        Defect = "versions-shown"         // vread does not ask whether metadata shows
	VersionAlone         Defect = "version-alone"          // a version is judged without the record as it is now
	CurrentAlone         Defect = "current-alone"          // a version is judged by the record as it is now alone
	HandlesUnchecked     Defect = "handles-unchecked"      // a record bears a Binary by an address that its view does not keep
	ContentOfAnybody     Defect = "content-of-anybody"     // what a Binary says itself of whose it is does not count
	ConditionTold        Defect = "condition-told"         // a condition on what is hidden is answered as one that does not hold
	EntryForAnybody      Defect = "entry-for-anybody"      // the entries of a batch are asked for no task
	PartsWritten         Defect = "parts-written"          // a transaction writes what is not refused of it
	EntriesShown         Defect = "entries-shown"          // a transaction answers what is not refused of it
	RefusalTold          Defect = "refusal-told"           // what is hidden is forbidden, not absent
	FindCountsHidden     Defect = "find-counts-hidden"     // a look-up counts whom restrictions hide
	ChunksStayOpen       Defect = "chunks-stay-open"       // a connection goes on after a request in chunks
	PathMended           Defect = "path-mended"            // a path is cleaned before the door sees it
	ScopesIgnored        Defect = "scopes-ignored"         // SMART scopes take nothing away
	ModifiersAllowed     Defect = "modifiers-allowed"      // :missing and :not are passed on
	MalformedDropped     Defect = "malformed-dropped"      // a parameter that nobody knows is left out
)

// Faults of the directory.
const (
	SecondIsFirst    Defect = "second-is-first"      // who gave a right over others, or gets it, agrees to it as the second person
	RightsUnagreed   Defect = "rights-unagreed"      // a right over others counts before a second person agreed
	GroupGivesAll    Defect = "group-gives-all"      // a group of provisioning gives rights over others
	DutiesTogether   Defect = "watch-beside-duty"    // one person holds a duty and the one that watches it
	EntrustedOpens   Defect = "entrusted-opens"      // one administrator opens rights over others to a name elsewhere
	IdentityStripped Defect = "identity-stripped"    // who comes back is whoever has their name at the issuer
	IdentityOfTwo    Defect = "identity-given-twice" // two people have one identity at an issuer
	LeaverKeeps      Defect = "leaver-keeps"         // what others keep of a leaver's is not ended with them
	LeaverUntold     Defect = "leaver-untold"        // the entry of a leaver does not say what else ended
	LeaversPrograms  Defect = "leavers-programs"     // a leaver's programs go on
	NameGivenAgain   Defect = "name-given-again"     // the name of somebody gone is given to another
	ProgramWidens    Defect = "program-widens"       // a program changes what programs may do
	MoverKeeps       Defect = "mover-keeps"          // what a department gave stays with whoever leaves it
)

// Faults of writing.
const (
	// What cuts off answers under way (G3).
	StreamOutlivesRight Defect = "stream-outlives-right" // the right is asked for at the start only
	ExpiryNotWatched    Defect = "expiry-not-watched"    // what ends by itself cuts nothing off
	WindowsByHidden     Defect = "windows-by-hidden"     // where a long answer is cut into windows depends on what is hidden
	WindowUnrecorded    Defect = "window-unrecorded"     // a window leaves before it is on record
	PolicyNotTold       Defect = "policy-not-told"       // another policy cuts nothing off
	FactsNotWatched     Defect = "facts-not-watched"     // a fact that holds no more cuts nothing off
	CutForgotten        Defect = "cut-forgotten"         // what was taken away before an answer was watched cuts nothing off
	CutOnce             Defect = "cut-once"              // who is cut again is forgotten with the first time
	LeavesUnlooked      Defect = "leaves-unlooked"       // of whom something begins to leave is asked about only when something changes
	TokenNotTold        Defect = "token-not-told"        // a token that is revoked cuts nothing off
	KeyNotTold          Defect = "key-not-told"          // a key that is taken from a program cuts nothing off
	OwnNotTold          Defect = "own-not-told"          // a record upstream that is somebody's own no more cuts nothing off
	RoleNotTimed        Defect = "role-not-timed"        // a role that was given for a while outlives it in an answer under way
	SlowHoldAll         Defect = "slow-hold-all"         // a client that reads slowly keeps others from asking
	PlacesForOne        Defect = "places-for-one"        // one caller may take every place
	FirstComeServed     Defect = "first-come-served"     // who asks much is served before others who came a little later
	AskedForNobody      Defect = "asked-for-nobody"      // the upstream is asked in nobody's name, whoever asks
	CutLate             Defect = "cut-late"              // an answer is cut off between its parts only

	// What the upstream sends.
	BehindUnseen     Defect = "behind-unseen"      // what a server says behind an answer that came whole is forgotten
	AnswerOfAnother  Defect = "answer-of-another"  // what it says unasked is the answer to what is asked next
	FramedTwice      Defect = "framed-twice"       // two headers tell where an answer ends
	ChunksWithoutEnd Defect = "chunks-without-end" // a body may come byte by byte for as long as it is waited for
	BodyAfterNone    Defect = "body-after-none"    // what follows a status without a body is the answer to what is asked next

	DecidersWritten  Defect = "deciders-written"   // who depends on a record writes what it decides by
	WriteNotAwaited  Defect = "write-not-awaited"  // the upstream sees a write before the record of it is durable
	UnwritableTaken  Defect = "unwritable-taken"   // a new record holds what no line lets its maker write
	TargetsUnproven  Defect = "targets-unproven"   // a reference is written to what its writer may not know of
	BaseUnchecked    Defect = "base-unchecked"     // a change is merged whatever its base was
	VersionUnchecked Defect = "version-unchecked"  // the upstream is not told on which version a change rests
	WriteRepeated    Defect = "write-repeated"     // the same request makes a second record
	WriterShownAll   Defect = "writer-shown-all"   // the answer to a write shows what may be written, not what may be read
	MatchOfHidden    Defect = "match-of-hidden"    // a conditional create finds what is hidden
	UnknownAsRefused Defect = "unknown-as-refused" // a write of which nothing is known is recorded as not done
	GoneUnrecorded   Defect = "gone-unrecorded"    // what was decided is not recorded where its client goes away
)

// Faults of what is lent.
const (
	OwnApproved        Defect = "own-approved"         // who asks says yes to it, under another identity
	OneApproverTwice   Defect = "one-approver-twice"   // one person meets two needs
	ProgramsApprove    Defect = "programs-approve"     // a program says yes
	ProgramsAsk        Defect = "programs-ask"         // a program asks and breaks the glass
	DigestUnread       Defect = "digest-unread"        // a yes counts for what was not looked at
	AnswersKept        Defect = "answers-kept"         // a yes counts though its right or its subject has gone
	ReasonUnread       Defect = "reason-unread"        // any text is a reason
	LentForEver        Defect = "lent-for-ever"        // something is lent for longer than the policy allows
	StartIgnored       Defect = "start-ignored"        // a grant lends before it begins
	EndIgnored         Defect = "end-ignored"          // a grant lends after its end
	ClockBelieved      Defect = "clock-believed"       // a clock that was put back is believed
	WallClockOnly      Defect = "wall-clock-only"      // the monotonic clock ends nothing
	BoundIgnored       Defect = "bound-ignored"        // a grant outlives the fact that its reason rests on
	GlassUncapped      Defect = "glass-uncapped"       // nobody counts for how many patients the glass is broken
	LoanOfAnybody      Defect = "loan-of-anybody"      // what is lent for one patient shows another
	GlassForAll        Defect = "glass-for-all"        // a broken glass shows every patient
	LoansJoined        Defect = "loans-joined"         // what two grants lend is put together
	RevokedLends       Defect = "revoked-lends"        // what was taken away lends
	LentToLeavers      Defect = "lent-to-leavers"      // who leaves keeps what they were lent
	OverdueUnheld      Defect = "overdue-unheld"       // an overdue review holds nobody back
	HeldWhoeverItIs    Defect = "held-whoever-it-is"   // an overdue review holds back roles that the policy does not name
	GlassUntold        Defect = "glass-untold"         // nobody hears of a broken glass
	ProofOutlivesGrant Defect = "proof-outlives-grant" // what was shown under a grant proves things after it
	OwnReviewed        Defect = "own-reviewed"         // who held it closes its review
	LooseForgotten     Defect = "loose-forgotten"      // a loose glass that ended while its page was written is kept as it was
	LoanUnrecorded     Defect = "loan-unrecorded"      // a record of two patients shows by a loan that is not recorded
	TokenBreaksGlass   Defect = "token-breaks-glass"   // the purpose that a token states breaks the glass
	LentPastToken      Defect = "lent-past-token"      // a token for one task, or of a program, is lent by for any
	ApplicationActs    Defect = "application-acts"     // an application's token asks and decides in its person's name
	TriedUnsaid        Defect = "tried-unsaid"         // what is tried in vain through the API is not recorded
	LookedUnsaid       Defect = "looked-unsaid"        // whoever may not look there has tried it unrecorded
	OtherTaskUnsaid    Defect = "other-task-unsaid"    // what a token is tried for beyond its task is not recorded
)

// Faults of the FHIR door's searches that rest on several.
const (
	HiddenReferenceFollowed Defect = "hidden-reference-followed" // includes follow a reference that the view hides
	IncludedCounted         Defect = "included-counted"          // Bundle.total counts what stands beside the matches
	ChartUnderOneDecision   Defect = "chart-under-one-decision"  // the searches of an answer are judged under its first decision
	ComparedByHidden        Defect = "compared-by-hidden"        // $lastn counts records whose code or date is hidden
	ChainUnjudged           Defect = "chain-unjudged"            // what the inner search of a chain reads is not asked for
	PassedThroughHidden     Defect = "passed-through-hidden"     // _has and chains pass through records that do not show
	PassageMoves            Defect = "passage-moves"             // a further page of a search goes on though what it passes through is another
	CompartmentUnjudged     Defect = "compartment-unjudged"      // the element by which a record is in a compartment is not asked for
)

// Faults of the projection.
const (
	NarrativeKept        Defect = "narrative-kept"
	DisplayKept          Defect = "display-kept"           // of references
	TargetsKept          Defect = "targets-kept"           // references to what is not proven visible
	ExtensionsKept       Defect = "extensions-kept"        // unknown ones
	SiblingsKept         Defect = "siblings-kept"          // members "_name" of hidden primitives
	VendorKept           Defect = "vendor-kept"            // members that FHIR does not know
	MetaKept             Defect = "meta-kept"              // versions and dates of records
	ContainedKept        Defect = "contained-kept"         // contained resources of other patients
	ModifierIgnored      Defect = "modifier-ignored"       // an unknown modifierExtension does not take the record away
	MaskTellsValue       Defect = "mask-tells-value"       // a mask stands only where there is a value
	MaskAsKeep           Defect = "mask-as-keep"           // what is masked shows
	CoarseKeepsDay       Defect = "coarse-keeps-day"       // a coarse date is whole
	AgeShown             Defect = "age-shown"              // the year of birth of those of 90 and over
	Last4OfShort         Defect = "last4-of-short"         // the last four of numbers that have no more
	LabelsIgnored        Defect = "labels-ignored"         // security labels mark nothing
	CodesIgnored         Defect = "codes-ignored"          // sensitive codes mark nothing
	NumbersAlike         Defect = "numbers-alike"          // an identifier's class does not follow its type
	SecondPatientIgnored Defect = "second-patient-ignored" // a record is of the first patient that it names
	DuplicatesAccepted   Defect = "duplicates-accepted"    // a member may stand twice
	TypeRetraced         Defect = "type-retraced"          // a record built as the last one is taken for one of its type
	ClassRetraced        Defect = "class-retraced"         // what is built as the last one has its classes, whatever values give them
	ReferenceRetraced    Defect = "reference-retraced"     // its references show where those of the last one do
	ValueRetraced        Defect = "value-retraced"         // what is made of the last one's values is written of it
	MarkRetraced         Defect = "mark-retraced"          // its items are no marks where those of the last one are none
	MouldKeepsValues     Defect = "mould-keeps-values"     // what is kept of how a record was built has its values in it
)

// Faults of merging what was sent with what is hidden.
const (
	HiddenDropped    Defect = "hidden-dropped"    // hidden items of a list that was changed are lost
	AnchorsLost      Defect = "anchors-lost"      // hidden items go to the end of their list
	UnwritableMerged Defect = "unwritable-merged" // the class of what was put is not looked at
	MarksLost        Defect = "marks-lost"        // a mark that did not come back is passed over
	FrozenMerged     Defect = "frozen-merged"     // what access is decided by is written
	RemovalUnchecked Defect = "removal-unchecked" // what a removed value may hold is not asked
	ResultUnlooked   Defect = "result-unlooked"   // what the caller would be shown is not compared
	KindChanged      Defect = "kind-changed"      // a change that gives the record another class is written
	ReferenceLaid    Defect = "reference-laid"    // a reference is put where one may be that does not show
	PathsUnbounded   Defect = "paths-unbounded"   // the paths of a patch may look at as many values as there are, each
	ObjectsUnbounded Defect = "objects-unbounded" // an object of a patch may have any number of members
)

// Faults of telling people.
const (
	ToldTwice       Defect = "told-twice"        // what a person has seen is told again
	NoticeOfAnybody Defect = "notice-of-anybody" // a notice is marked as seen by others
	UrgentWaits     Defect = "urgent-waits"      // urgent mail keeps quiet hours
	SentAgain       Defect = "sent-again"        // what a server took is sent again where that could not be kept
	SettledMailed   Defect = "settled-mailed"    // mail leaves though what it tells of no longer waits
	CopyUnknown     Defect = "copy-unknown"      // a mail that is sent again has another Message-Id
	CallUnsigned    Defect = "call-unsigned"     // a webhook's call is signed without its body
	DialledAnywhere Defect = "dialled-anywhere"  // a connection goes where nothing is configured
)

// Faults of the spool of broken glasses.
const (
	SpoolTakesAll  Defect = "spool-takes-all" // decisions of no broken glass go on while the record is away
	SpoolUnbounded Defect = "spool-unbounded" // the spool grows beyond what was set aside
	SpoolUnsynced  Defect = "spool-unsynced"  // an entry is taken before it is on the disk
	SpoolUnchained Defect = "spool-unchained" // an entry does not follow the one before
	SpoolUncleared Defect = "spool-uncleared" // what was drained stays in the file
	SpoolSilent    Defect = "spool-silent"    // the act does not tell what was changed or interrupted
	SpoolToldOnce  Defect = "spool-told-once" // what came after a first telling is not told
)
