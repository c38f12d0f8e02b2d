package defect

// Faults of the console, and of what it tells about a patient.
const (
	PageForAnybody         Defect = "page-for-anybody"         // a page opens and takes posts from whom it is not for
	WaitsForAnybody        Defect = "waits-for-anybody"        // the home page counts what waits for others
	StepsForAnybody        Defect = "steps-for-anybody"        // a new installation leads to its next steps whoever may not take them
	SourcesForAnybody      Defect = "sources-for-anybody"      // and to the sources of facts
	UnsaidOverclaims       Defect = "unsaid-overclaims"        // a source is said to hide everybody though it hides those of whom more is known
	SilenceUnsaid          Defect = "silence-unsaid"           // that a source never stated what it knows, and so hides everybody, is not told
	GlassesForAnybody      Defect = "glasses-for-anybody"      // how often the glass is broken is told to whom access is not to review
	PostUnproved           Defect = "post-unproved"            // a post that asks for a proof of the person is done without
	GetChanges             Defect = "get-changes"              // what can be posted is done by other methods
	FormForAnybody         Defect = "form-for-anybody"         // a form that was kept is shown to another session
	CellRuns               Defect = "cell-runs"                // an exported cell is a formula
	GuessedShows           Defect = "guessed-shows"            // a request or grant that concerns others is shown to whoever guesses its id
	ProgramOfOthers        Defect = "program-of-others"        // a program is shown to owners of others who guess its id
	ProgramGuessed         Defect = "program-guessed"          // and at the API who guesses its id learns that it is there
	SessionOutlives        Defect = "session-outlives"         // a session goes on though its person has left
	SeeAsUnrecorded        Defect = "see-as-unrecorded"        // records are shown as another task sees them without a record of it
	SeeAsUpstream          Defect = "see-as-upstream"          // records of the upstream are read as the task, not as whoever looks
	SeenPastToken          Defect = "seen-past-token"          // one's own view outlives what it is asked with
	SeeAsOfBefore          Defect = "see-as-of-before"         // a page asks by what its viewer held when it was made
	LookUnrecorded         Defect = "look-unrecorded"          // what a task shows of a patient is told without a record of it
	ReachTellsRestrictions Defect = "reach-tells-restrictions" // and so is what a restriction hides
	ReachTellsMissing      Defect = "reach-tells-missing"      // and which patients have facts though they are out of reach
	ReadUnsaid             Defect = "read-unsaid"              // the record is shown to somebody who is not on record as its reader
	ReadUnkept             Defect = "read-unkept"              // and so it is where that could not be written down
	PatientAddressed       Defect = "patient-addressed"        // a search of the record for a patient has an address that names them
	FileHeld               Defect = "file-held"                // a file of the record leaves when all of it is found, and is in memory until then
	FileUnending           Defect = "file-unending"            // the record is looked through for a file whose reader went away
	FileOutlives           Defect = "file-outlives"            // and for one whose reader has the duty no longer
	FileNeatly             Defect = "file-neatly"              // a file that could not be finished ends like a whole one

	// Of the API.
	DutyUnasked     Defect = "duty-unasked"      // at the API anybody reads the record, sees as others and looks at the system
	ReadTwiceUnsaid Defect = "read-twice-unsaid" // and what was read is told again without a record of it
	SessionOfOthers Defect = "session-of-others" // and ends a session of somebody else without a proof
)
