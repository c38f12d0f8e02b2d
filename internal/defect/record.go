package defect

// Faults of the record's index and of what is published.
const (
	SegmentHalfSeen Defect = "segment-half-seen" // what a process saw of a segment counts for all of it
	NamesForgotten  Defect = "names-forgotten"   // whom entries name is forgotten before it lies in the index
	RowLookedOnce   Defect = "row-looked-once"   // a search that looked at enough of the index ends there
	TileFromMiddle  Defect = "tile-from-middle"  // a tile of which a process saw the end counts for all of it
)
