package defect

// Faults of the record's index and of what is published.
const (
	SegmentHalfSeen Defect = "segment-half-seen" // what a process saw of a segment counts for all of it
	NamesForgotten  Defect = "names-forgotten"   // whom entries name is forgotten before it lies in the index
	RowLookedOnce   Defect = "row-looked-once"   // a search that looked at enough of the index ends there
	TileFromMiddle  Defect = "tile-from-middle"  // a tile of which a process saw the end counts for all of it
	FarForgotten    Defect = "far-forgotten"     // an entry that lies elsewhere than its id tells is not noted
	SheafHalfKept   Defect = "sheaf-half-kept"   // of a row that becomes full only the newest piece is kept
	GapMoved        Defect = "gap-moved"         // entries of an earlier program take the place of one that is gone
	JournalUnsynced Defect = "journal-unsynced"  // nothing makes what is written to the journal durable
	ActOfAnyID      Defect = "act-of-any-id"     // an act commits under an id that the record has
)
