package fhir

import (
	"net/http"

	"modicum/internal/defect"
)

// closeAfterChunks ends the connection after a request that came in chunks. net/http
// takes one that says a length beside them, by the chunks, and does not tell; whoever
// stands before us may have gone by the length, and what follows on the connection
// would be somebody's else (RFC 9112 section 6.3, FC49).
func closeAfterChunks(w http.ResponseWriter, r *http.Request) {
	if len(r.TransferEncoding) > 0 && !defect.On(defect.ChunksStayOpen) {
		w.Header().Set("Connection", "close")
	}
}
