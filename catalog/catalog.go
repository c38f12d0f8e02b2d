package catalog

// Catalog is the whole vocabulary in force. Use R4, or Extend it with an
// organization's own extensions.
type Catalog struct {
	tables // generated content and indexes, see tables.go
}
