package doc

// notes are the comments and blank lines that belong to an entry or an item.
type notes struct {
	head []string // lines above it; "" is a blank line
	line []string // behind it
	foot []string // below it
}
